package framework

import "slices"

// ControlsOf lists the items of a framework that a practice answers.
func (c *Catalog) ControlsOf(practice, framework string) []Item {
	p, ok := c.byID[practice]
	if !ok {
		return nil
	}
	var out []Item
	for _, id := range p.Links[framework] {
		if it, ok := Control(framework, id); ok {
			out = append(out, it)
		}
	}
	return out
}

// PracticesFor lists the practices that answer an item of a framework, in the
// catalog's order. None means that the item is not assessed.
func (c *Catalog) PracticesFor(framework, control string) []*Practice {
	var out []*Practice
	for _, p := range c.Practices {
		if slices.Contains(p.Links[framework], control) {
			out = append(out, p)
		}
	}
	return out
}

// Elected lists the practices of a program: the core practices in the profile
// that have at least one link to the elected framework; with none elected, all
// core practices in the profile.
func (c *Catalog) Elected(framework string, profile Profile) []*Practice {
	var out []*Practice
	for _, p := range c.Practices {
		if p.Core() && p.In(profile) && (framework == "" || len(p.Links[framework]) > 0) {
			out = append(out, p)
		}
	}
	return out
}

// FeedKinds names the event kinds whose entries feed a practice through
// measures, sorted. Statements on the practice itself, and the entries of
// subjects that speak to it directly, are not among them.
func (c *Catalog) FeedKinds(p *Practice) []string {
	var out []string
	for _, f := range p.Feeds {
		if m, ok := c.byMeasure[f.Measure]; ok {
			out = append(out, m.measure.Kinds...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// For reports whether a feed counts for a platform. Where the platform is
// unknown, "", all do.
func (f Feed) For(platform string) bool {
	return platform == "" || len(f.Platforms) == 0 || slices.Contains(f.Platforms, platform)
}

// FeedsFor lists the feeds of a practice on a platform.
func (p *Practice) FeedsFor(platform string) []Feed {
	var out []Feed
	for _, f := range p.Feeds {
		if f.For(platform) {
			out = append(out, f)
		}
	}
	return out
}
