package framework

// Verdict is what a rule says of one report.
type Verdict uint8

// The verdicts. NotApplicable takes the subject out of scope for as long as
// the report is fresh; Unknown decides nothing.
const (
	Unknown Verdict = iota
	Holds
	Fails
	NotApplicable
)

// String is the name that rules use: holds, fails, unknown, not_applicable.
func (v Verdict) String() string {
	switch v {
	case Holds:
		return "holds"
	case Fails:
		return "fails"
	case NotApplicable:
		return "not_applicable"
	default:
		return "unknown"
	}
}

// Rule is one node of a pass rule. Exactly one of the groups below is set.
// Logic is three-valued (Kleene): a missing field is unknown, and unknown
// wins over holds in All and over fails in Any. NotApplicable may only come
// from When.
type Rule struct {
	// combinators
	All []*Rule `json:"all,omitempty"`
	Any []*Rule `json:"any,omitempty"`
	Not *Rule   `json:"not,omitempty"`

	// When: if When fails, the verdict is Else ("not_applicable", "holds",
	// "fails", "unknown"); if it is unknown, unknown; if it holds, Then, and
	// without Then it holds.
	When *Rule  `json:"when,omitempty"`
	Then *Rule  `json:"then,omitempty"`
	Else string `json:"else,omitempty"`

	// lists: Each asks every element of the list (those for which Where
	// holds) for Must; Some asks for at least one. Empty is the verdict for
	// no element ("unknown" unless given).
	Each  string `json:"each,omitempty"`
	Some  string `json:"some,omitempty"`
	Where *Rule  `json:"where,omitempty"`
	Must  *Rule  `json:"must,omitempty"`
	Empty string `json:"empty,omitempty"`
	// Label names an element in a reason: the first of these fields that it
	// has ("mount", "name", "selector").
	Label string `json:"label,omitempty"`

	// leaf: Field is a dotted path from the current element, or from the
	// facts of the report at the top ("firewall.inbound"); "." is the element
	// itself. One comparison is given. A string value that starts with "$"
	// names a parameter. Absent is the verdict when the field is missing
	// ("unknown" unless given). A value of another type than the comparison
	// asks for is unknown, never a failure.
	Field string `json:"field,omitempty"`
	// Plus is a second field whose number is added before comparing.
	Plus   string `json:"plus,omitempty"`
	Is     any    `json:"is,omitempty"`
	IsNot  any    `json:"is_not,omitempty"`
	In     []any  `json:"in,omitempty"`
	AtMost any    `json:"at_most,omitempty"`
	Least  any    `json:"at_least,omitempty"`
	// DaysOld: the field is a civil date (YYYY-MM-DD) or an RFC 3339 instant
	// and is at most so many days before the report's own instant. A date
	// more than a day ahead of the report, or before 1990, is unknown.
	DaysOld any `json:"days_old_at_most,omitempty"`
	// HoursOld is the same in hours, for an RFC 3339 instant; a civil date
	// counts from the end of its day.
	HoursOld any `json:"hours_old_at_most,omitempty"`
	// Subset: the field is a list and every element is in the list named by
	// this dotted path from the top ("baseline.admins"); that list missing is
	// unknown. Empty is the verdict for an empty field.
	Subset string `json:"subset_of,omitempty"`
	// InList: the field is a scalar and is in the list named by this dotted
	// path from the top; that list missing is Absent.
	InList  string `json:"in_list,omitempty"`
	IsEmpty *bool  `json:"is_empty,omitempty"` // the field is an empty list or string
	Absent  string `json:"absent,omitempty"`

	// Supported is the path of an object with id, name, version: its release
	// is inside the maker's support at the report's instant by the catalog's
	// table of support ends. A release that the table lacks is unknown.
	Supported string `json:"supported,omitempty"`

	Says string `json:"says,omitempty"` // plain words shown when this node fails
}
