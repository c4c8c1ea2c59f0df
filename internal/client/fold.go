package client

import (
	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// Apply folds one entry. Entries of other packages are left alone.
func (s *State) Apply(e event.Entry, b *evidence.Book) error {
	at := evidence.Point{At: e.At, Recorded: e.Recorded, Index: e.Index}
	if r, ok := registers[e.Kind]; ok {
		return s.register(e, at, r.scope, r.act, b)
	}
	switch e.Kind {
	case event.ClientAdded:
		v, err := event.Body[Added](e.Envelope)
		if err != nil {
			return err
		}
		s.Added, s.AddedAt = v, at
		if v.MSP {
			s.Kind, s.Profile = framework.BusinessAssociate, framework.ProfileAll
			b.Profiles = append(b.Profiles, evidence.Dated[framework.Profile]{Point: at, Value: s.Profile})
			b.LegalKinds = append(b.LegalKinds, evidence.Dated[framework.LegalKind]{Point: at, Value: s.Kind})
		}
	case event.ClientDescribed:
		v, err := event.Body[Described](e.Envelope)
		if err != nil {
			return err
		}
		s.describe(v)
	case event.LegalKindStated:
		v, err := event.Body[KindStated](e.Envelope)
		if err != nil {
			return err
		}
		s.Kind = v.Kind
		b.LegalKinds = append(b.LegalKinds, evidence.Dated[framework.LegalKind]{Point: at, Value: v.Kind})
	case event.ProgramElected:
		v, err := event.Body[Elected](e.Envelope)
		if err != nil {
			return err
		}
		s.Program = v.Framework
		b.Programs = append(b.Programs, evidence.Dated[string]{Point: at, Value: v.Framework})
	case event.ProfileSet:
		v, err := event.Body[Profiled](e.Envelope)
		if err != nil {
			return err
		}
		s.Profile = v.Profile
		b.Profiles = append(b.Profiles, evidence.Dated[framework.Profile]{Point: at, Value: v.Profile})
	default:
		return s.rest(e, at, b)
	}
	return nil
}

func (s *State) rest(e event.Entry, at evidence.Point, b *evidence.Book) error {
	switch e.Kind {
	case event.ScopeStated:
		v, err := event.Body[ScopeStatement](e.Envelope)
		if err != nil {
			return err
		}
		s.Scope = &Statement{at, v}
	case event.BaselineSet:
		v, err := event.Body[Baseline](e.Envelope)
		if err != nil {
			return err
		}
		s.Baseline = v
	case event.SubjectUnused:
		v, err := event.Body[Unused](e.Envelope)
		if err != nil {
			return err
		}
		b.Absent(v.Kind, v.ID, evidence.Absence{Point: at, From: v.From, To: v.To, By: v.By, Why: v.Why})
	}
	return nil
}

func (s *State) describe(v Described) {
	for _, f := range [...]struct{ to, from *string }{
		{&s.Name, &v.Name},
		{&s.Zone, &v.Zone},
		{&s.Region, &v.Region},
		{&s.Line, &v.Line},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
}

func (s *State) register(e event.Entry, at evidence.Point, scope framework.Scope, what act, b *evidence.Book) error {
	members := s.Registers[scope]
	if members == nil {
		members = map[string]*Member{}
		s.Registers[scope] = members
	}
	if what == retired {
		v, err := event.Body[Retired](e.Envelope)
		if err != nil {
			return err
		}
		if m := members[v.ID]; m != nil {
			m.In = false
		}
		b.Live(scope, v.ID, evidence.Life{Point: at})
		return nil
	}
	v, err := event.Body[Listing](e.Envelope)
	if err != nil {
		return err
	}
	m := members[v.ID]
	if m == nil || what == added {
		m = &Member{Listing: v, In: true, Since: e.At, Entry: e.Index}
		members[v.ID] = m
	} else {
		m.Listing = m.with(v)
	}
	b.Live(scope, v.ID, evidence.Life{Point: at, In: m.In, Attrs: m.attrs()})
	return nil
}

// with is a listing with the fields that a change gives.
func (l Listing) with(v Listing) Listing {
	if v.Name != "" {
		l.Name = v.Name
	}
	if v.Uses != nil {
		l.Uses = v.Uses
	}
	if v.Roles != nil {
		l.Roles = v.Roles
	}
	if v.PHI != nil {
		l.PHI = v.PHI
	}
	for _, f := range [...]struct{ to, from *string }{
		{&l.Site, &v.Site},
		{&l.Person, &v.Person},
		{&l.Mail, &v.Mail},
		{&l.Note, &v.Note},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	return l
}

func (l Listing) attrs() *evidence.Attrs {
	return &evidence.Attrs{Name: l.Name, Uses: l.Uses, Roles: l.Roles, PHI: l.PHI, Site: l.Site}
}
