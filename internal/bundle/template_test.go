package bundle_test

import (
	"html/template"
	"testing"
	texttemplate "text/template"

	"breakwater/internal/bundle"

	"github.com/jba/templatecheck"
)

func TestTemplatesFitTheirViews(t *testing.T) {
	report, certification, readme, view := bundle.Templates()
	for name, page := range map[string]any{"report": report, "certification": certification} {
		if err := templatecheck.CheckHTML(page.(*template.Template), view); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := templatecheck.CheckText(readme.(*texttemplate.Template), view); err != nil {
		t.Errorf("readme: %v", err)
	}
}
