package web

import (
	"net/http"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/duty"
	"breakwater/internal/event"
	"breakwater/internal/permit"
)

// ShowClients answers with the portfolio of given rows, to an administrator.
func ShowClients(s *Server, w http.ResponseWriter, r *http.Request, rows []duty.Row, now int64) error {
	v := &Visit{Request: r, Writer: w, Zone: time.UTC, server: s, msp: "Northgate IT"}
	v.Who = account.Principal{
		Member: "dana", Name: "Dana", Stage: account.StageFull, Until: 1 << 60,
		Grants: []permit.Grant{{Member: "dana", Role: permit.Administrator}},
	}
	return s.desk.showClients(v, rows, behind{}, now)
}

// Tells reports whether entries of a kind are told in words.
func Tells(k event.Kind) bool { return k.IsStatement() || tells[k] != nil }
