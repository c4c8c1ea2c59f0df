package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type coverageIn struct {
	Client   string           `path:"client"`
	On       string           `query:"on" doc:"instant or date; now if left out"`
	Months   int              `query:"months" default:"12" minimum:"1" maximum:"120"`
	Reading  coverage.Reading `query:"reading" default:"proven" enum:"proven,best"`
	Practice []string         `query:"practice"`
	Profile  string           `query:"profile" enum:",small,core,all"`
	AsOfSize uint64           `query:"as_of_size"`
}

type coverageOut struct {
	Body intake.Answer
}

// questions registers the operations that answer what was in place.
func (a *API) questions() {
	handle(a, http.MethodGet, "/api/clients/{client}/coverage", "What was in place", permit.ViewGaps, func(ctx context.Context, in *coverageIn) (*coverageOut, error) {
		on, err := instant(in.On)
		if err != nil {
			return nil, err
		}
		if on == 0 {
			on = a.door.Now()
		}
		q := intake.Question{Client: in.Client, On: on, Months: in.Months, Reading: in.Reading, Practices: in.Practice, Profile: in.Profile}
		if in.AsOfSize > 0 {
			q.AsOfSize = &in.AsOfSize
		}
		answer, err := a.door.Coverage(ctx, q)
		return &coverageOut{answer}, err
	})
	handle(a, http.MethodGet, "/api/practices", "The catalog of practices", permit.ViewOwn, func(context.Context, *struct{}) (*practicesOut, error) {
		out := &practicesOut{}
		out.Body.Version, out.Body.Practices = a.door.Catalog().Version, a.door.Catalog().Practices
		return out, nil
	})
	handle(a, http.MethodGet, "/api/frameworks", "The frameworks that practices are linked to", permit.ViewOwn, func(context.Context, *struct{}) (*frameworksOut, error) {
		out := &frameworksOut{}
		out.Body.Frameworks = framework.Frameworks()
		return out, nil
	})
	handle(a, http.MethodGet, "/api/frameworks/{framework}", "The controls of a framework, with their practices", permit.ViewOwn, a.controls)
}

type practicesOut struct {
	Body struct {
		Version   int                   `json:"version"`
		Practices []*framework.Practice `json:"practices"`
	}
}

type frameworksOut struct {
	Body struct {
		Frameworks []framework.Framework `json:"frameworks"`
	}
}

type controlOut struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Practices []string `json:"practices" doc:"empty: not assessed"`
}

type controlsOut struct {
	Body struct {
		Controls []controlOut `json:"controls"`
	}
}

func (a *API) controls(_ context.Context, in *struct {
	Framework string `path:"framework"`
},
) (*controlsOut, error) {
	if _, ok := framework.FrameworkNamed(in.Framework); !ok {
		return nil, huma.Error404NotFound("framework " + in.Framework + " is not found: list them with GET /api/frameworks")
	}
	out := &controlsOut{}
	for _, c := range framework.Controls(in.Framework) {
		x := controlOut{ID: c.ID, Title: c.Title, Practices: []string{}}
		for _, p := range a.door.Catalog().PracticesFor(in.Framework, c.ID) {
			x.Practices = append(x.Practices, p.ID)
		}
		out.Body.Controls = append(out.Body.Controls, x)
	}
	return out, nil
}

type entriesOut struct {
	Body struct {
		Size    uint64             `json:"size"`
		Entries []intake.EntryLine `json:"entries"`
	}
}

// records registers the operations about the log itself.
func (a *API) records() {
	handle(a, http.MethodGet, "/api/clients/{client}/log", "Entries of the log", permit.ViewLog, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		From   uint64 `query:"from"`
		Count  int    `query:"count" default:"100" minimum:"1" maximum:"1000"`
	},
	) (*entriesOut, error) {
		out := &entriesOut{}
		var err error
		out.Body.Entries, out.Body.Size, err = a.door.Lines(ctx, in.Client, in.From, in.From+uint64(in.Count))
		return out, err
	})
}

type deviceLine struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Class    string `json:"class,omitempty"`
	Platform string `json:"platform,omitempty"`
	Enrolled bool   `json:"enrolled"`
	LastSeen string `json:"last_seen,omitempty"`
	Entry    uint64 `json:"entry"`
}

type devicesOut struct {
	Body struct {
		Devices []deviceLine `json:"devices"`
	}
}

func (a *API) listDevices(ctx context.Context, in *clientPath) (*devicesOut, error) {
	out := &devicesOut{}
	out.Body.Devices = []deviceLine{}
	return out, a.door.Read(ctx, in.Client, func(s *projection.State) error {
		for _, d := range s.Device.Inventory(false) {
			l := deviceLine{ID: d.ID, Name: d.Name, Class: d.Class, Platform: d.Listing.Platform, Enrolled: d.Key != nil, Entry: d.Entry}
			if d.Last.At > 0 {
				l.LastSeen, l.Entry = interval.Format(d.Last.At), d.Last.Index
			}
			out.Body.Devices = append(out.Body.Devices, l)
		}
		return nil
	})
}
