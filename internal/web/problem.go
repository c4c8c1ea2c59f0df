package web

import (
	"errors"
	"net/http"
	"strings"

	"breakwater/internal/account"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/store"
)

// What keeps a visit from its page.
var (
	errNotThere = errors.New("there is no such page: go back to where you came from")
	errSignIn   = errors.New("sign in first")
	errCode     = errors.New("the second factor is missing: give the code")
	errEnroll   = errors.New("a second factor is missing: set one up")
	errForm     = errors.New("the form could not be read: send it again")
)

// wrong is what the person who asked can mend.
type wrong string

func (w wrong) Error() string { return string(w) }

// forbidden is a refusal that may be told apart from what does not exist.
type forbidden struct{ why permit.Reason }

func (f forbidden) Error() string { return f.why.String() }

// answers is the one table of errors: status, heading, and whether the error's
// own text is meant for people.
var answers = []struct {
	err     error
	status  int
	heading string
	own     bool
}{
	{errNotThere, http.StatusNotFound, "There is nothing here", false},
	{intake.ErrNotFound, http.StatusNotFound, "There is nothing here", true},
	{account.ErrNotFound, http.StatusNotFound, "There is nothing here", true},
	{account.ErrLink, http.StatusGone, "This link is not valid any more", true},
	{account.ErrRefused, http.StatusForbidden, "That was not right", true},
	{account.ErrAgain, http.StatusForbidden, "Your password again", true},
	{account.ErrBusy, http.StatusServiceUnavailable, "Too many sign-ins at once", true},
	{account.ErrPassword, http.StatusUnprocessableEntity, "Choose another password", true},
	{account.ErrExists, http.StatusConflict, "That mail address is taken", true},
	{intake.ErrConflict, http.StatusConflict, "This was sent before with other content", true},
	{intake.ErrExists, http.StatusConflict, "That exists already", true},
	{intake.ErrInvalid, http.StatusUnprocessableEntity, "That could not be recorded", true},
	{errForm, http.StatusBadRequest, "The form could not be read", false},
	{store.ErrFull, http.StatusInsufficientStorage, "The disk is full", false},
	{store.ErrReadOnly, http.StatusServiceUnavailable, "Nothing can be written", false},
	{store.ErrStopped, http.StatusServiceUnavailable, "Writing has stopped", false},
}

// advice is the sentence for answers whose own text is not meant for people.
var advice = map[error]string{
	errNotThere:       "Either the address is wrong, or it is not yours to open. Go back, or start from the list.",
	errForm:           "It was cut off on the way, or is not a form of this page. Go back and send it again.",
	store.ErrFull:     "Nothing was recorded. Free some space where the data is kept, then send it again.",
	store.ErrReadOnly: "The folder with the data cannot be written. Give the program the right to write there, then send it again.",
	store.ErrStopped:  "Something about a log is in doubt, so nothing is written until it is cleared up. Run breakwater fsck before anything else.",
}

// explain is what an error says to a person: status, heading and sentence. An
// error that is not in the table is internal, and its text is for the log.
func explain(err error) (status int, heading, text string) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, "That is too large", "Give a smaller file, or send it in parts."
	}
	var f forbidden
	if errors.As(err, &f) {
		return http.StatusForbidden, "This is not yours to do", sentence(f.Error())
	}
	var w wrong
	if errors.As(err, &w) {
		return http.StatusUnprocessableEntity, "That could not be recorded", sentence(w.Error())
	}
	for _, a := range answers {
		if !errors.Is(err, a.err) {
			continue
		}
		if a.own {
			return a.status, a.heading, sentence(err.Error())
		}
		return a.status, a.heading, advice[a.err]
	}
	return http.StatusInternalServerError, "That did not work", "The fault is ours, not yours. Try again; if it stays, give this number to whoever runs Breakwater here."
}

// sentence begins with a capital and ends in a period.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}

// fail answers a visit that did not reach its page.
func (s *Server) fail(v *Visit, err error) {
	switch {
	case errors.Is(err, errSignIn):
		s.toSignIn(v)
		return
	case errors.Is(err, errCode):
		http.Redirect(v.Writer, v.Request, "/sign-in/code", http.StatusSeeOther)
		return
	case errors.Is(err, errEnroll):
		http.Redirect(v.Writer, v.Request, "/own/factor", http.StatusSeeOther)
		return
	}
	status, heading, text := explain(err)
	p := Trouble{Heading: heading, Text: text}
	if status >= http.StatusInternalServerError {
		p.ID = v.ID
		s.cfg.Log.ErrorContext(v.Context(), "request failed", "request", v.ID, "method", v.Method, "pattern", v.Pattern, "error", err)
	}
	v.Status = status
	f := v.Frame(heading, "")
	if err := render(v, troublePage, f, p); err != nil {
		s.cfg.Log.ErrorContext(v.Context(), "show error page", "request", v.ID, "error", err)
		http.Error(v.Writer, heading+" ("+v.ID+")", status)
	}
}

// Trouble is the page of an error.
type Trouble struct {
	Heading, Text string
	ID            string // of the request, where the fault is ours
}

var troublePage = newPage[Trouble]("trouble.html")

// again shows a page once more with what is to be mended; an error that nobody
// at the browser can mend is returned.
func (v *Visit) again(err error, page func(*Visit) error) error {
	status, _, text := explain(err)
	if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable || status == http.StatusNotFound {
		return err
	}
	v.Status, v.Problem = status, text
	return page(v)
}
