package cli

import (
	"maps"
	"slices"
	"time"

	"breakwater/internal/vouch"
	"breakwater/internal/witness"
)

// outsiders says who outside vouches for the logs.
type outsiders struct {
	Policy     string            `env:"BREAKWATER_POLICY" type:"path" placeholder:"FILE" help:"Witnesses, and how many of them it takes (c2sp.org/tlog-policy)."`
	Witness    map[string]string `env:"BREAKWATER_WITNESS" placeholder:"NAME=URL" help:"Address of a witness of the policy, where the policy gives none."`
	Stamp      map[string]string `env:"BREAKWATER_STAMP" placeholder:"NAME=URL" help:"Time stamp authority (RFC 3161)."`
	StampRoots string            `env:"BREAKWATER_STAMP_ROOTS" type:"path" placeholder:"FILE" help:"Certificates that the authorities' stamps must lead to (PEM)."`
	Interval   time.Duration     `env:"BREAKWATER_INTERVAL" default:"59m" placeholder:"59m" help:"Least time between two rounds with the outsiders."`
}

func (o outsiders) config(a *App) (vouch.Config, error) {
	c := vouch.Config{
		WitnessURLs: o.Witness, Interval: o.Interval, Now: a.now,
		Report: func(err error) { a.log.Warn("outsiders", "error", err) },
	}
	var err error
	if c.Policy, err = a.optional(o.Policy); err != nil {
		return c, err
	}
	if len(o.Stamp) == 0 {
		return c, nil
	}
	if o.StampRoots == "" {
		return c, problem("a stamp that cannot be checked is worth nothing: give the authorities' certificates with --stamp-roots")
	}
	roots, err := a.optional(o.StampRoots)
	if err != nil {
		return c, err
	}
	for _, name := range slices.Sorted(maps.Keys(o.Stamp)) {
		authority, err := witness.NewAuthority(name, o.Stamp[name], nil, roots)
		if err != nil {
			return c, problem("time stamp authority %s: %v: check --stamp and --stamp-roots", name, err)
		}
		c.Authorities = append(c.Authorities, authority)
	}
	return c, nil
}
