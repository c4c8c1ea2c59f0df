package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"breakwater/internal/account"
	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// FirstLink is the path of a one-time link that sets the MSP and its first
// administrator up, or "" where an account exists. Whoever starts the program
// prints it; links printed before are void.
func (s *Server) FirstLink(ctx context.Context) (string, error) {
	secret, err := s.cfg.Accounts.FirstStart(ctx)
	if err != nil || secret == "" {
		return "", err
	}
	return "/link/" + secret, nil
}

func (s *Server) setupRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/link/{secret}", Permission: permit.Public, Handle: s.link},
		{Method: "POST", Path: "/link/{secret}", Permission: permit.Public, Handle: s.linkSend},
	}
}

// SetUp is the page that names the MSP and its first administrator.
type SetUp struct {
	Action     string
	MSP        string
	Zones      []Choice
	Name, Mail string
}

// Arrive is the page on which someone who was invited chooses a password, or
// someone who lost theirs a new one.
type Arrive struct {
	Action     string
	Name, Mail string
	Reset      bool
	Until      string
}

var (
	setUpPage  = newPage[SetUp]("set_up.html")
	arrivePage = newPage[Arrive]("arrive.html")
)

func (s *Server) link(v *Visit) error {
	l, err := s.cfg.Accounts.ReadLink(v.Context(), v.PathValue("secret"))
	if err != nil {
		return err
	}
	action := "/link/" + v.PathValue("secret")
	if l.Purpose == account.FirstStart {
		f := v.Frame("Set up", "")
		f.Narrow = true
		f.MSP = ""
		return render(v, setUpPage, f, SetUp{
			Action: action, MSP: either(v.Field("msp"), s.named(v)), Zones: zoneChoices(either(v.Field("zone"), "America/Chicago")),
			Name: v.Field("name"), Mail: v.Field("mail"),
		})
	}
	title := "Welcome"
	if l.Purpose == account.Reset {
		title = "A new password"
	}
	f := v.Frame(title, "")
	f.Narrow, f.Nav, f.Who = true, nil, ""
	return render(v, arrivePage, f, Arrive{
		Action: action, Name: l.Name, Mail: l.Mail, Reset: l.Purpose == account.Reset, Until: Moment(l.Until, v.Zone),
	})
}

// provisional is the identifier of an MSP's log that the program made by itself,
// before anyone said what the MSP is called.
const provisional = "msp"

// named is the MSP's name where someone gave it one.
func (s *Server) named(v *Visit) string {
	if s.door().MSP() == provisional {
		return ""
	}
	return v.msp
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *Server) linkSend(v *Visit) error {
	l, err := s.cfg.Accounts.ReadLink(v.Context(), v.PathValue("secret"))
	if err != nil {
		return err
	}
	a := account.Acceptance{
		Link: v.PathValue("secret"), Password: v.FormValue("password"), Address: s.address(v.Request), Agent: v.UserAgent(),
	}
	if a.Password != v.FormValue("again") {
		return v.again(wrong("the two passwords differ: type the same one twice"), s.link)
	}
	if l.Purpose == account.FirstStart {
		a.Name, a.Mail = v.Field("name"), strings.ToLower(v.Field("mail"))
		if a.Member, err = s.setUp(v, a); err != nil {
			return v.again(err, s.link)
		}
	}
	o, err := s.cfg.Accounts.Accept(v.Context(), a)
	if err != nil {
		if errors.Is(err, account.ErrLink) {
			return err
		}
		return v.again(err, s.link)
	}
	return s.enter(v, o)
}

// setUp makes the MSP's log and its first member, with the role. What is there
// from a try before is kept: if the power goes between the log and the account,
// the same link or the next one goes on from there.
func (s *Server) setUp(v *Visit, a account.Acceptance) (string, error) {
	if err := (member.Added{Name: a.Name, Mail: a.Mail}).Check(); err != nil {
		return "", wrong(err.Error())
	}
	if err := account.CheckPassword(a.Password, a.Name, a.Mail); err != nil {
		return "", err
	}
	if err := s.nameMSP(v); err != nil {
		return "", err
	}
	return s.firstMember(v, a)
}

// nameMSP makes the MSP's log under the name given, or gives the one that is
// there its name.
func (s *Server) nameMSP(v *Visit) error {
	by := intake.Caller{Actor: "system", Source: "form"}
	name, zone := v.Field("msp"), v.Field("zone")
	id := s.door().MSP()
	if id == "" {
		_, err := s.door().AddClient(v.Context(), by, intake.NewClient{Added: client.Added{Name: name, Zone: zone, MSP: true}})
		return err
	}
	if name == "" {
		return wrong("give the name of your company")
	}
	if name == v.msp && zone == v.Zone.String() {
		return nil
	}
	_, err := s.door().Change(v.Context(), by, id, v.Now(), client.Described{Name: name, Zone: zone}, "")
	return err
}

func (s *Server) firstMember(v *Visit, a account.Acceptance) (string, error) {
	id := ""
	_, err := s.door().Submit(v.Context(), intake.Submission{
		Client: s.door().MSP(), Caller: intake.Caller{Actor: "system", Source: "form"},
		Check: func(st *projection.State) error {
			id = freeMember(&st.Member, a.Name)
			if m := st.Member.ByMail(a.Mail); m != nil {
				id = m.ID
			}
			return nil
		},
		Events: func() ([]intake.New, error) {
			return []intake.New{
				{Kind: event.MemberAdded, At: v.Now(), Body: member.Added{ID: id, Name: a.Name, Mail: a.Mail, By: id}},
				{Kind: event.GrantMade, At: v.Now(), Body: member.Granted{Member: id, Role: string(permit.Administrator), By: id, Why: "first administrator"}},
			}, nil
		},
	})
	return id, err
}

// freeMember is an identifier for someone of a name that no member has, or had.
func freeMember(st *member.State, name string) string {
	base := either(client.IDFrom(name), "member")
	id := base
	for n := 2; st.Members[id] != nil; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	return id
}

// zones are offered in forms; any of the IANA database may be typed elsewhere.
var zones = []string{
	"America/New_York", "Eastern", "America/Chicago", "Central", "America/Denver", "Mountain", "America/Phoenix", "Mountain, Arizona",
	"America/Los_Angeles", "Pacific", "America/Anchorage", "Alaska", "Pacific/Honolulu", "Hawaii", "America/Puerto_Rico", "Atlantic, Puerto Rico",
	"Pacific/Guam", "Guam", "Pacific/Pago_Pago", "American Samoa", "UTC", "UTC",
}

func zoneChoices(chosen string) []Choice {
	list := choices(chosen, zones...)
	for n := range list {
		if list[n].Title != list[n].Value {
			city := list[n].Value[strings.LastIndexByte(list[n].Value, '/')+1:]
			list[n].Title += " (" + strings.ReplaceAll(city, "_", " ") + ")"
		}
	}
	if chosen != "" && !slices.ContainsFunc(list, func(c Choice) bool { return c.Chosen }) {
		list = append(list, Choice{chosen, chosen, true})
	}
	return list
}
