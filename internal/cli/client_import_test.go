package cli_test

import (
	"strings"
	"testing"

	"breakwater/internal/cli"
)

func TestParseClients(t *testing.T) {
	list, err := cli.ParseClients([]byte("\ufeffName, ID,state\n\"Ames, Ortho\",,TX\nLakeside Dental,lakeside,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].ID != "ames-ortho" || list[0].Region != "TX" || list[1].ID != "lakeside" {
		t.Errorf("got %+v", list)
	}
	for text, want := range map[string]string{
		"":                    "no line of column names",
		"id\nx\n":             "no column name",
		"name,name\na,b\n":    "there twice",
		"name,color\na,b\n":   "not known",
		"name\n":              "no rows",
		"name,id\na\n":        "wrong number of fields",
		"name\n\"open\n":      "mend that line",
		"name\n" + many(5001): "split the file",
	} {
		if _, err := cli.ParseClients([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", text, err, want)
		}
	}
}

func many(n int) string { return strings.Repeat("a\n", n) }

func FuzzParseClients(f *testing.F) {
	f.Add([]byte("name,id,state\nLakeside Dental,lakeside,TX\n"))
	f.Add([]byte("\ufeffname;id\n\"\"\"\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := cli.ParseClients(raw)
		if err == nil && len(list) == 0 {
			t.Error("no error and no client")
		}
		if err != nil && (err.Error() == "" || list != nil) {
			t.Errorf("error %q with %d clients", err, len(list))
		}
	})
}
