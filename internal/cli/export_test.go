package cli

import "github.com/alecthomas/kong"

// Model is the model that parses command lines.
func Model(e Env) (*kong.Application, error) {
	_, parser, err := newParser(e.filled())
	if err != nil {
		return nil, err
	}
	return parser.Model, nil
}

// Strip draws the window of a practice.
var Strip = strip

// Reachable is an address as one types it.
var Reachable = reachable

// Sentence is the one line that a person is told.
var Sentence = sentence
