package web

// Strip is a window at day resolution, ready to draw: one path per state for a
// viewBox "0 0 Days 18", and the sentence that says the same. It has the
// fields of duty.Strip, so that Strip(x) converts one.
type Strip struct {
	Days                  int
	In, Alt, Un, Fa, Base string
	Label                 string
}

// Axis is the months of a window: one path of ticks, and a label each.
type Axis struct {
	Days   int
	Ticks  string
	Labels []Month
}

// Month is one label of an axis. Quarter marks those that stay on a phone.
type Month struct {
	X       string // "31.2%"
	Text    string
	Quarter bool
}

// Known counts spans or practices by how they are known.
type Known struct{ Measured, Recorded, Attested int }

// Standing is a state with its word: Class is in, alt, un, fa or none.
type Standing struct {
	Class string
	Word  string
	Small string // a quiet second line
}

// Grade is how one thing is known: Class is m, r or a.
type Grade struct{ Class, Word string }

// GradeOf is the mark of "measured", "recorded" or "attested".
func GradeOf(grade string) Grade {
	if grade == "" {
		return Grade{}
	}
	return Grade{grade[:1], grade}
}

// Basis is one of the three marks that are never merged: Law, Our reading,
// Proposal.
type Basis struct{ Class, Word string }

// The marks.
var (
	Law      = Basis{"law-m", "Law"}
	Reading  = Basis{"read-m", "Our reading"}
	Proposal = Basis{"prop-m", "Proposal"}
)

// Empty is what a list says that has nothing in it yet: what will be here, the
// one step, and how long it takes.
type Empty struct {
	What   string
	Step   string // on the button
	Href   string
	Takes  string // "about 4 minutes"
	Detail string
}
