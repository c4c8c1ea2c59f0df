package posture_test

import (
	"testing"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

// gnome is a desktop with one user who has settings of his own: idle never, lock after a minute.
func gnome(t testing.TB) tree {
	return desktop.with(tree{
		"/usr/share/wayland-sessions/gnome.desktop":     "[Desktop Entry]\nName=GNOME\nDesktopNames=GNOME\n",
		"/usr/share/glib-2.0/schemas/gschemas.compiled": testdata(t, "gschemas.compiled"),
		"/home/pat/.config/dconf/user":                  testdata(t, "dconf-user"),
		"/etc/dconf/profile/user":                       "user-db:user\nsystem-db:site\n",
	})
}

func TestScreenLock(t *testing.T) {
	g := gnome(t)
	site := tree{"/etc/dconf/db/site": testdata(t, "dconf-site")}
	plain := g.with(nil)
	delete(plain, "/home/pat/.config/dconf/user")
	say := func(enabled bool, idle, delay, users int64, mandatory bool) map[string]any {
		return map[string]any{
			"desktop": true, "enabled": enabled, "idle_seconds": idle, "lock_delay_seconds": delay,
			"mandatory": mandatory, "sessions": []any{"GNOME"}, "users": users,
		}
	}
	kde := desktop.with(tree{
		"/usr/share/xsessions/plasma.desktop": "[Desktop Entry]\nDesktopNames=KDE\n",
		"/etc/xdg/kscreenlockerrc":            "[Daemon]\nAutolock=true\nTimeout=10\nLockGrace=5\n",
	})
	plasma := say(true, 600, 5, 1, false)
	plasma["sessions"] = []any{"KDE"}
	for name, c := range map[string]struct {
		machine tree
		want    map[string]any
		unknown string
	}{
		"defaults":            {plain, say(true, 300, 0, 1, false), ""},
		"a user switched off": {g, say(false, 0, 60, 1, false), ""},
		// the locks hold the idle time and the switch; the delay stays the user's
		"locked by the site": {g.with(site), say(true, 300, 60, 1, false), ""},
		"no desktop":         {desktop, map[string]any{"desktop": false}, ""},
		"no schemas": {
			plain.with(tree{"/usr/share/glib-2.0/schemas/gschemas.compiled": ""}), nil,
			"the lock settings of a user could not be read",
		},
		"a database cut short": {
			g.with(tree{"/home/pat/.config/dconf/user": testdata(t, "dconf-user")[:100]}), nil,
			"the lock settings of a user could not be read",
		},
		"another desktop": {
			plain.with(tree{"/usr/share/xsessions/xfce.desktop": "[Desktop Entry]\nName=Xfce Session\n"}), nil,
			"a desktop is installed whose lock settings this agent does not read",
		},
		"plasma": {kde, plasma, ""},
		"plasma that says nothing": {
			kde.with(tree{"/etc/xdg/kscreenlockerrc": "[Daemon]\n"}), nil,
			"a setting is neither written down nor has a default that can be read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := fact(t, c.machine.root(nil), "screen_lock")
			if diff := cmp.Diff(c.want, f.Value); diff != "" || f.Unknown != c.unknown {
				t.Errorf("unknown %q, want %q\n%s", f.Unknown, c.unknown, diff)
			}
		})
	}
}

func TestAutoLogin(t *testing.T) {
	for name, c := range map[string]struct {
		files tree
		want  []any
	}{
		"none":          {nil, []any{}},
		"gdm off":       {tree{"/etc/gdm3/daemon.conf": "[daemon]\nAutomaticLoginEnable=false\nAutomaticLogin=pat\n"}, []any{}},
		"gdm":           {tree{"/etc/gdm3/daemon.conf": "[daemon]\nAutomaticLoginEnable = True\nAutomaticLogin = pat\n"}, []any{"gdm"}},
		"gdm commented": {tree{"/etc/gdm3/daemon.conf": "[daemon]\n#AutomaticLoginEnable=true\n#AutomaticLogin=pat\n"}, []any{}},
		"lightdm":       {tree{"/etc/lightdm/lightdm.conf.d/50.conf": "[Seat:*]\nautologin-user=pat\n"}, []any{"lightdm"}},
		"lightdm taken back": {tree{
			"/etc/lightdm/lightdm.conf.d/50.conf": "[Seat:*]\nautologin-user=pat\n",
			"/etc/lightdm/lightdm.conf":           "[Seat:*]\nautologin-user=\n",
		}, []any{}},
		"sddm and getty": {tree{
			"/etc/sddm.conf.d/a.conf":                         "[Autologin]\nUser=pat\n",
			"/etc/systemd/system/getty@tty1.service.d/o.conf": "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin pat %I\n",
		}, []any{"getty", "sddm"}},
	} {
		f := fact(t, desktop.with(c.files).root(nil), "auto_login")
		want := map[string]any{"enabled": len(c.want) > 0, "by": c.want}
		if diff := cmp.Diff(want, f.Value); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSettingsDatabases(t *testing.T) {
	for name, want := range map[string]int{"dconf-site": 3, "dconf-user": 2, "gschemas.compiled": 0} {
		got, err := posture.ParseGVDB([]byte(testdata(t, name)))
		if err != nil || got != want {
			t.Errorf("%s: got %d keys, %v, want %d", name, got, err, want)
		}
	}
}
