package cli

import "breakwater/internal/account"

// accounts are how people sign in, where the floor above wired them.
func (s *site) accounts() (*account.Accounts, error) {
	if s.app.account == nil {
		return nil, nil
	}
	return s.app.account(s.door, s.store, s.app.now)
}
