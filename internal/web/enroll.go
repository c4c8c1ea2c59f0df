package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) enrollRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/clients/{client}/enroll", Permission: permit.ManageSecrets, Handle: s.enroll},
		{Method: "POST", Path: "/clients/{client}/enroll", Permission: permit.ManageSecrets, Handle: s.enrollSend},
		{Method: "POST", Path: "/clients/{client}/enroll/{secret}/revoke", Permission: permit.ManageSecrets, Handle: s.enrollRevoke},
	}
}

// Enroll is the page that makes enrollment secrets and lists them.
type Enroll struct {
	Places       []Link
	Client, Name string
	Sites        []Choice
	Lasts        []Choice
	Secret       string // shown once
	Command      string
	Secrets      []SecretRow
	Devices      int
	Started      string // "", or when the newest device came
}

// SecretRow is one enrollment secret.
type SecretRow struct {
	ID, Site, By, Until, Used string
	Open                      bool
}

var enrollPage = newPage[Enroll]("enroll.html")

func (s *Server) enroll(v *Visit) error { return s.showEnroll(v, "") }

func (s *Server) showEnroll(v *Visit, secret string) error {
	p := Enroll{
		Places: v.places("Devices"),
		Client: v.Client, Name: v.ClientName, Secret: secret,
		Lasts: choices(either(v.Field("lasts"), "30"), "1", "A day", "30", "30 days", "365", "A year", "0", "Until it is revoked"),
	}
	if secret != "" {
		p.Command = "sudo breakwater-agent enroll --server " + s.reached(v) + " --secret " + secret
	}
	names, err := s.memberNames(v)
	if err != nil {
		return err
	}
	err = s.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Sites = []Choice{{"", "Any site", true}}
		for _, m := range st.Client.Members(framework.ScopeSite, false) {
			p.Sites = append(p.Sites, Choice{m.ID, either(m.Name, m.ID), m.ID == v.Field("site")})
		}
		p.Secrets = secretRows(v, st, names)
		p.Devices = enrolled(st)
		return nil
	})
	if err != nil {
		return err
	}
	return render(v, enrollPage, v.Frame("Enroll devices", inClients, v.clientCrumbs()...), p)
}

// reached is the address under which this instance is reached.
func (s *Server) reached(v *Visit) string {
	if s.cfg.Address != "" {
		return s.cfg.Address
	}
	u := url.URL{Scheme: "http", Host: v.Host}
	if s.cfg.Secure {
		u.Scheme = "https"
	}
	return u.String()
}

func secretRows(v *Visit, st *projection.State, names map[string]string) []SecretRow {
	used := map[string]int{}
	for _, d := range st.Device.Devices {
		if d.Key != nil {
			used[d.Key.Secret]++
		}
	}
	var list []SecretRow
	for _, x := range st.Device.Secrets {
		row := secretRow(v, st, x, used[x.ID])
		row.By = actorName(x.By, names)
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b SecretRow) int {
		if a.Open != b.Open {
			if a.Open {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

func secretRow(v *Visit, st *projection.State, x *device.Secret, used int) SecretRow {
	row := SecretRow{ID: x.ID, Site: "any site", Until: "until it is revoked", Used: "no device yet", Open: true}
	if m := st.Client.Registers[framework.ScopeSite][x.Site]; x.Site != "" && m != nil {
		row.Site = either(m.Name, m.ID)
	}
	if used > 0 {
		row.Used = Count(used, "device")
	}
	switch {
	case x.Revoked:
		row.Until, row.Open = "revoked", false
	case x.To != 0 && x.To <= v.Now():
		row.Until, row.Open = "ended "+ShortDay(x.To, v.Zone), false
	case x.To != 0:
		row.Until = "until " + ShortDay(x.To, v.Zone)
	}
	return row
}

func (s *Server) enrollSend(v *Visit) error {
	days := map[string]int{"1": 1, "30": 30, "365": 365, "0": 0}
	n, ok := days[v.Field("lasts")]
	if !ok {
		return v.again(wrong("choose how long the secret lasts"), s.enroll)
	}
	to := int64(0)
	if n > 0 {
		to = v.Now() + (time.Duration(n) * 24 * time.Hour).Milliseconds()
	}
	secret, _, err := s.door().MakeSecret(v.Context(), v.Caller(), v.Client, v.Field("site"), to)
	if err != nil {
		return v.again(err, s.enroll)
	}
	return s.showEnroll(v, secret)
}

func (s *Server) enrollRevoke(v *Visit) error {
	if _, err := s.door().RevokeSecret(v.Context(), v.Caller(), v.Client, v.PathValue("secret")); err != nil {
		return err
	}
	return v.Go("/clients/"+v.Client+"/enroll", "The secret is revoked. Devices that enrolled with it go on reporting.")
}
