package framework_test

import (
	"strings"
	"testing"
	"time"

	"breakwater/internal/framework"
)

// TestJudgmentsLastAsLongAsTheySay: between a report's instant and the one up
// to which its judgment is said to last nothing changes, and there something
// that the judgment rests on does.
func TestJudgmentsLastAsLongAsTheySay(t *testing.T) {
	c := framework.Embedded()
	begin := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli()
	const hour = int64(3_600_000)
	for _, m := range c.Measures {
		for _, platform := range []string{"windows", "linux", "darwin", "ios", "android", "scan"} {
			facts := agingFacts()
			until := int64(0)
			var last [2]string
			for at := begin; at < begin+150*24*hour; at += 7 * hour {
				v, why, next := c.JudgeUntil(m.ID, platform, facts, at)
				now := [2]string{v.String(), why}
				if next <= at {
					t.Fatalf("%s on %s at %d lasts until %d", m.ID, platform, at, next)
				}
				if at > begin && at < until && now != last {
					t.Fatalf("%s on %s: %v became %v at %d, before %d", m.ID, platform, last, now, at, until)
				}
				if last, until = now, next; next < begin+200*24*hour {
					before, _, _ := c.JudgeUntil(m.ID, platform, facts, next-1)
					if before != v {
						t.Fatalf("%s on %s at %d: %v became %v before %d", m.ID, platform, at, v, before, next)
					}
				}
			}
		}
	}
}

// agingFacts is every field of the embedded rules that ages, as dates around
// March 2026.
func agingFacts() map[string]any {
	date := "2026-03-10"
	instant := "2026-03-12T15:04:05Z"
	res := map[string]any{}
	for _, m := range framework.Embedded().Measures {
		for _, r := range m.Rules {
			fill(res, r, date, instant)
		}
	}
	res["os_version"] = map[string]any{"id": "ubuntu", "name": "Ubuntu", "version": "22.04"}
	return res
}

func fill(facts map[string]any, r *framework.Rule, date, instant string) {
	if r == nil {
		return
	}
	if r.DaysOld != nil || r.HoursOld != nil {
		parts := strings.Split(r.Field, ".")
		m := facts
		for _, p := range parts[:len(parts)-1] {
			next, ok := m[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				m[p] = next
			}
			m = next
		}
		m[parts[len(parts)-1]] = date
		if len(parts)%2 == 0 {
			m[parts[len(parts)-1]] = instant
		}
	}
	for _, k := range append(append([]*framework.Rule{r.Not, r.When, r.Then}, r.All...), r.Any...) {
		fill(facts, k, date, instant)
	}
}
