package bundle

// Templates are the pages with the view that each is drawn from.
func Templates() (report, certification, readme, view any) {
	return reportPage, certificationPage, readmeText, reportView{}
}
