package web

import (
	"html/template"
	"sync"

	"breakwater/internal/permit"
)

// desk is the pages of what was in place, with what they keep between visits.
type desk struct {
	*Server
	sums  summaries
	shown sync.Map // keys of failures that are known to have been shown
}

// evidenceRoutes are the pages of what was in place: portfolio, client,
// practice, devices, frameworks, log, verify, bundle.
func (s *Server) evidenceRoutes() []Route {
	d := &desk{Server: s}
	d.sums.init(s)
	s.desk = d
	return []Route{
		{Method: "GET", Path: "/clients", Permission: permit.ViewPortfolio, Handle: d.clients},
		{Method: "GET", Path: "/today", Permission: permit.ViewPortfolio, Handle: d.today},
		{Method: "GET", Path: "/clients/{client}", Permission: permit.ViewClient, Handle: d.client},

		{Method: "GET", Path: "/clients/{client}/practices/{practice}", Permission: permit.ViewGaps, Handle: d.practice},
		{Method: "POST", Path: "/clients/{client}/practices/{practice}/record", Permission: permit.RecordEvidence, Handle: d.recordSend, File: true},
		{Method: "POST", Path: "/clients/{client}/practices/{practice}/relief", Permission: permit.AcceptRisk, Handle: d.reliefSend, File: true},
		{Method: "GET", Path: "/clients/{client}/documents/{entry}", Permission: permit.ViewDocuments, Handle: d.document},

		{Method: "GET", Path: "/clients/{client}/devices", Permission: permit.ViewClient, Handle: d.devices},
		{Method: "POST", Path: "/clients/{client}/devices", Permission: permit.EditSubjects, Handle: d.deviceAddSend},
		{Method: "GET", Path: "/clients/{client}/devices/{device}", Permission: permit.ViewClient, Handle: d.device},
		{Method: "POST", Path: "/clients/{client}/devices/{device}/change", Permission: permit.EditSubjects, Handle: d.deviceChangeSend},
		{Method: "POST", Path: "/clients/{client}/devices/{device}/custody", Permission: permit.EditSubjects, Handle: d.deviceCustodySend},
		{Method: "POST", Path: "/clients/{client}/devices/{device}/unused", Permission: permit.EditSubjects, Handle: d.deviceUnusedSend},
		{Method: "POST", Path: "/clients/{client}/devices/{device}/retire", Permission: permit.EditSubjects, Handle: d.deviceRetireSend},
		{Method: "POST", Path: "/clients/{client}/devices/{device}/return", Permission: permit.EditSubjects, Handle: d.deviceReturnSend},

		{Method: "GET", Path: "/frameworks", Permission: permit.ViewPortfolio, Handle: d.frameworks},
		{Method: "GET", Path: "/clients/{client}/frameworks", Permission: permit.ViewClient, Handle: d.clientFrameworks},
		{Method: "GET", Path: "/clients/{client}/frameworks/{framework}", Permission: permit.ViewClient, Handle: d.framework},

		{Method: "GET", Path: "/clients/{client}/log", Permission: permit.ViewLog, Handle: d.log},
		{Method: "GET", Path: "/clients/{client}/log/{index}", Permission: permit.ViewLog, Handle: d.entry},
		{Method: "GET", Path: "/clients/{client}/log/{index}/proof", Permission: permit.ViewLog, Handle: d.entryProof},
		{Method: "POST", Path: "/clients/{client}/log/{index}/retract", Permission: permit.RetractEntry, Handle: d.entryRetractSend},
		{Method: "POST", Path: "/clients/{client}/log/{index}/close", Permission: permit.RecordEvidence, Handle: d.entryCloseSend},
		{Method: "POST", Path: "/clients/{client}/log/{index}/erase", Permission: permit.ProposeErasure, Handle: d.entryEraseSend},

		{Method: "GET", Path: "/clients/{client}/bundle", Permission: permit.ProduceBundle, Handle: d.bundle},
		{Method: "POST", Path: "/clients/{client}/bundle", Permission: permit.ProduceBundle, Handle: d.bundlePreview, Slow: true},
		{Method: "POST", Path: "/clients/{client}/bundle/produce", Permission: permit.ProduceBundle, Handle: d.bundleProduce, Slow: true},
		{Method: "POST", Path: "/clients/{client}/bundle/consent", Permission: permit.ConsentBundle, Handle: d.bundleConsent},
		{Method: "POST", Path: "/clients/{client}/bundle/consent-on-paper", Permission: permit.RecordConsent, Handle: d.bundleConsentPaper},

		{Method: "GET", Path: "/verify", Permission: permit.ViewPortfolio, Handle: d.verify},
		{Method: "POST", Path: "/verify", Permission: permit.ViewPortfolio, Handle: d.verifySend, File: true, Slow: true},
		{Method: "GET", Path: "/clients/{client}/verify", Permission: permit.ViewLog, Handle: d.clientVerify},
	}
}

// newEvidencePage is newPage with the parts that the pages of evidence share.
func newEvidencePage[T any](file string) *Page[T] {
	t := template.Must(template.Must(layout.Clone()).ParseFS(templates, "templates/evidence_parts.html", "templates/"+file))
	pages = append(pages, checkable{file, t, Shown[T]{}})
	return &Page[T]{file, t}
}
