package posture

import (
	"errors"
	"strings"
)

// sessions are the desktops that someone could log in to, by the family whose settings they use;
// a session of a family that is not read here stands under its own name.
func (m *machine) sessions() (map[string]bool, error) {
	found := map[string]bool{}
	for _, dir := range []string{
		"/usr/share/xsessions", "/usr/share/wayland-sessions",
		"/usr/local/share/xsessions", "/usr/local/share/wayland-sessions",
	} {
		files, err := m.filesIn(dir, ".desktop")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			conf, err := m.readINI(f)
			if err != nil {
				return nil, err
			}
			if entry := conf["Desktop Entry"]; !yes(entry["Hidden"]) && !yes(entry["NoDisplay"]) {
				found[sessionFamily(entry)] = true
			}
		}
	}
	return found, nil
}

func sessionFamily(entry map[string]string) string {
	names := strings.Split(entry["DesktopNames"], ";")
	if len(names) > 0 && names[0] == "" {
		names = []string{entry["Name"]}
	}
	for _, n := range names {
		switch n {
		case "GNOME", "ubuntu", "GNOME-Classic", "Unity":
			return "GNOME"
		case "X-Cinnamon", "Cinnamon":
			return "Cinnamon"
		case "KDE", "Plasma", "Plasma (X11)", "Plasma (Wayland)":
			return "KDE"
		}
	}
	return clean(names[0])
}

// lock is how a session locks by itself when nobody uses it.
type lock struct {
	enabled   bool
	idle      int64 // seconds until the session is idle; 0 is never
	delay     int64 // seconds from idle to locked
	mandatory bool  // the user cannot change it
}

// worse joins two sessions into what holds for both.
func (a lock) worse(b lock) lock {
	out := lock{enabled: a.enabled && b.enabled, mandatory: a.mandatory && b.mandatory}
	out.idle, out.delay = max(a.idle, b.idle), max(a.delay, b.delay)
	if a.idle == 0 || b.idle == 0 {
		out.idle = 0
	}
	return out
}

var errSilent = errors.New("a setting is neither written down nor has a default that can be read")

// dconfDesktop is a desktop that keeps its lock in dconf, with the schemas of the keys.
type dconfDesktop struct {
	screensaver, session string // schemas; the path of a key is the schema with slashes
	lockdown             string
}

var dconfDesktops = map[string]dconfDesktop{
	"GNOME":    {"org.gnome.desktop.screensaver", "org.gnome.desktop.session", "org.gnome.desktop.lockdown"},
	"Cinnamon": {"org.cinnamon.desktop.screensaver", "org.cinnamon.desktop.session", "org.cinnamon.desktop.lockdown"},
}

// lockOf reads the lock of a user's session from the settings and the defaults of the schemas.
func (d dconfDesktop) lockOf(user dconf, schemas *gvdb) (lock, error) {
	get := func(schema, key string) (setting, bool, error) {
		s, mandatory, ok := user.get("/" + strings.ReplaceAll(schema, ".", "/") + "/" + key)
		if !ok {
			s, ok = schemas.schemaDefault(schema, key)
		}
		if !ok {
			return s, false, errSilent
		}
		return s, mandatory, nil
	}
	on, m1, err1 := get(d.screensaver, "lock-enabled")
	delay, m2, err2 := get(d.screensaver, "lock-delay")
	idle, m3, err3 := get(d.session, "idle-delay")
	off, _, err4 := get(d.lockdown, "disable-lock-screen")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return lock{}, err
	}
	enabled, ok1 := on.boolean()
	seconds, ok2 := delay.number()
	after, ok3 := idle.number()
	disabled, ok4 := off.boolean()
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return lock{}, errGVDB
	}
	return lock{enabled && !disabled && after > 0, after, seconds, m1 && m2 && m3}, nil
}

// schemaDefault is the default of a key, as compiled from the schemas and their overrides.
func (db *gvdb) schemaDefault(schema, key string) (setting, bool) {
	if db == nil {
		return setting{}, false
	}
	table, ok := db.table(schema)
	if !ok {
		return setting{}, false
	}
	s := table.values[key].first()
	return s, s.kind != ""
}

// schemas opens the compiled schemas; a machine without them has no defaults.
func (m *machine) schemas() (*gvdb, error) {
	const name = "/usr/share/glib-2.0/schemas/gschemas.compiled"
	if !m.exists(name) {
		return nil, nil
	}
	data, err := m.file(name, maxGVDB)
	if err != nil {
		return nil, err
	}
	return parseGVDB(data)
}
