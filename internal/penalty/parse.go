package penalty

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// The limits of an input. Past them it is refused, not cut.
const (
	maxInput      = 1 << 20
	maxViolations = 1000
	maxTolled     = 100
	maxCount      = 1_000_000_000
	maxRate       = 1_000_000_000
	maxProvision  = 100
	maxWhy        = 400
	firstYear     = 1996
	lastYear      = 2199
)

// Parse reads one JSON input. It refuses what it does not know: unknown or
// repeated fields, values of another kind, dates that contradict each other,
// more than one document. An error is one line that ends in what to do next.
func Parse(r io.Reader) (Input, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return Input{}, fmt.Errorf("read penalty input: %w", err)
	}
	if len(raw) > maxInput {
		return Input{}, fmt.Errorf("penalty input is longer than %d bytes: split it", maxInput)
	}
	var in Input
	if err := decode(raw, &in); err != nil {
		return Input{}, err
	}
	if err := check(in); err != nil {
		return Input{}, err
	}
	return in, nil
}

func decode(raw []byte, in *Input) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := walk(d, "", reflect.TypeFor[Input]())
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = errors.New("penalty input goes on after its end: give one JSON object")
		}
	}
	if err != nil {
		return notJSON(err, d.InputOffset())
	}
	if err := json.Unmarshal(raw, in); err != nil {
		return fmt.Errorf("penalty input does not decode (%w): compare it with docs/penalty.md", err)
	}
	return nil
}

// notJSON puts the errors of the JSON reader into a sentence.
func notJSON(err error, offset int64) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("penalty input is not JSON near byte %d (%s): correct it there", offset, syntax)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("penalty input ends too early: give one complete JSON object")
	}
	return err
}

// walk reads one value token by token against the Go type it is for, so that
// an error can name the place and a repeated field cannot hide.
func walk(d *json.Decoder, path string, t reflect.Type) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token == nil {
		return walkNull(path, t)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		if token != json.Delim('{') {
			return fmt.Errorf("%s must be an object: write it in braces", place(path))
		}
		return walkObject(d, path, t)
	case t.Kind() == reflect.Slice:
		if token != json.Delim('[') {
			return fmt.Errorf("%s must be a list: write it in square brackets", place(path))
		}
		return walkList(d, path, t.Elem())
	}
	return walkPlain(token, path, t)
}

func walkNull(path string, t reflect.Type) error {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Map || t == reflect.TypeFor[Day]() {
		return nil
	}
	return fmt.Errorf("%s is null: give it a value or leave it out", place(path))
}

func walkObject(d *json.Decoder, path string, t reflect.Type) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		value, known := fieldType(t, key)
		if !known {
			return fmt.Errorf("%s has an unknown field %.40q: known are %s", place(path), key, fieldNames(t))
		}
		if seen[key] {
			return fmt.Errorf("%s has the field %.40q twice: keep one", place(path), key)
		}
		seen[key] = true
		if err := walk(d, strings.TrimPrefix(path+"."+key, "."), value); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func walkList(d *json.Decoder, path string, t reflect.Type) error {
	for i := 0; d.More(); i++ {
		if err := walk(d, fmt.Sprintf("%s[%d]", path, i), t); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// walkPlain checks that a token is what the field holds.
func walkPlain(token json.Token, path string, t reflect.Type) error {
	switch {
	case t == reflect.TypeFor[Day]():
		text, ok := token.(string)
		if !ok {
			return fmt.Errorf("%s must be a day: write it as \"2018-06-01\"", place(path))
		}
		if _, err := ParseDay(text); err != nil {
			return fmt.Errorf("%s: %w", place(path), err)
		}
	case t.Kind() == reflect.String:
		if _, ok := token.(string); !ok {
			return fmt.Errorf("%s must be text: write it in quotes", place(path))
		}
	case t.Kind() == reflect.Bool:
		if _, ok := token.(bool); !ok {
			return fmt.Errorf("%s must be true or false: write one of them", place(path))
		}
	default:
		number, _ := token.(json.Number)
		if _, err := strconv.ParseInt(number.String(), 10, 64); err != nil {
			return fmt.Errorf("%s must be a whole number: write digits only, without quotes, cents or exponent", place(path))
		}
	}
	return nil
}

func place(path string) string {
	if path == "" {
		return "penalty input"
	}
	if len(path) > 80 {
		path = path[:80]
	}
	return strconv.QuoteToGraphic(path)
}

// fieldType finds the type behind a key: any key of a map, a tagged field of a struct.
func fieldType(t reflect.Type, key string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for f := range t.Fields() {
		if jsonName(f) == key {
			return f.Type, true
		}
	}
	return nil, false
}

func fieldNames(t reflect.Type) string {
	var names []string
	for f := range t.Fields() {
		names = append(names, jsonName(f))
	}
	return strings.Join(names, ", ")
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
