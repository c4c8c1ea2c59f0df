package account

import "context"

// What tests of the package open, and nobody else.
const (
	MaxWaiting   = maxWaiting
	RefusalStep  = refusalStep
	MaxMeters    = maxMeters
	FreeTries    = freePerAccount
	AddressTries = freePerAddress
)

// Occupy takes every slot for hashing until release is called.
func (a *Accounts) Occupy() (release func()) {
	for range cap(a.hasher.slots) {
		a.hasher.slots <- struct{}{}
	}
	return func() {
		for range cap(a.hasher.slots) {
			<-a.hasher.slots
		}
	}
}

// Meters is how many meters are in memory.
func (a *Accounts) Meters() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.meters.order.Len()
}

// Network is the address as it is counted.
func Network(address string) string { return network(address) }

// QR draws a QR code.
func QR(text string) (string, error) { return qrSVG(text) }

// RowKey is what is kept of a secret.
func RowKey(secret string) (string, error) { return rowKey(secret) }

// Hash makes an encoded hash with the accounts' parameters.
func (a *Accounts) Hash(password string) (string, error) {
	return a.hasher.make(context.Background(), password)
}

// TryAddress counts a try from an address.
func (a *Accounts) TryAddress(address string) bool { return a.tryAddress(address) }
