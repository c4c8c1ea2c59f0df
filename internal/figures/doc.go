// Package figures measures what the program costs: appending, folding,
// starting, the portfolio, and how each grows with the work. It has no code of
// its own beside its tests: `make bench-figures` runs them and prints the
// table of docs/performance.md. It refuses to know how anything is done; it
// asks at the doors that everyone uses.
//
// Words: a fixture is a store full of clients as a year would leave it,
// written straight to the log. A scale of one is one client of 200 devices.
package figures
