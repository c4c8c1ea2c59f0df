package framework_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"breakwater/internal/framework"
)

// noon is the instant of every report in these tests.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMilli()

func facts(t testing.TB, s string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("facts %s: %v", s, err)
	}
	return m
}

// report is a hand-written report and what must be said of it.
type report struct {
	measure, platform, facts string
	want                     framework.Verdict
	reason                   string // part of it
}

const (
	holds   = framework.Holds
	fails   = framework.Fails
	unknown = framework.Unknown
	exempt  = framework.NotApplicable
)

var deviceReports = []report{
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":1,"protection_status":1},{"mount":"D:","conversion_status":1,"protection_status":1}]}}`, holds, ""},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":1,"protection_status":0}]}}`, fails, "C:: BitLocker is suspended"},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":1,"protection_status":2}]}}`, unknown, ""},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":1,"protection_status":1},{"mount":"D:","conversion_status":0,"protection_status":0}]}}`, fails, "D:"},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":2,"protection_status":0}]}}`, fails, "not fully"},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":1,"protection_status":1},{"mount":"E:","conversion_status":0,"protection_status":0,"removable":true}]}}`, holds, ""},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"D:","conversion_status":1,"protection_status":1}]}}`, unknown, ""},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[]}}`, unknown, ""},
	{"disk_encryption", "windows", `{"disk_encryption":{"volumes":[{"mount":"C:","conversion_status":"1","protection_status":1}]}}`, unknown, ""},
	{"disk_encryption", "windows", `{}`, unknown, "disk_encryption.volumes"},

	{"disk_encryption", "darwin", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true,"filevault":"on"},{"mount":"/System/Volumes/Data","encrypted":true,"filevault":"on"}]}}`, holds, ""},
	{"disk_encryption", "darwin", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true}]}}`, fails, "FileVault"},
	{"disk_encryption", "darwin", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true,"filevault":"off"}]}}`, fails, "FileVault"},
	{"disk_encryption", "darwin", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true,"filevault":"unknown"}]}}`, unknown, ""},
	{"disk_encryption", "darwin", `{"disk_encryption":{"volumes":[]}}`, unknown, ""},

	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true},{"mount":"/boot","encrypted":false},{"mount":"/boot/efi","encrypted":false},{"mount":"swap","swap":true,"encrypted":true}]}}`, holds, ""},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true},{"mount":"swap","device":"/dev/sda3","swap":true,"encrypted":false}]}}`, fails, "swap"},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true},{"device":"/dev/sda3","swap":true,"encrypted":false}]}}`, fails, "/dev/sda3"},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true},{"mount":"/srv","encrypted":false}]}}`, fails, "/srv"},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/","fs":"overlay","why":"overlay"}]}}`, unknown, "/"},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[{"mount":"/home","encrypted":true}]}}`, unknown, ""},
	{"disk_encryption", "linux", `{"disk_encryption":{"volumes":[]}}`, unknown, ""},

	{"disk_encryption", "ios", `{"mdm":{"encrypted":true}}`, holds, ""},
	{"disk_encryption", "android", `{"mdm":{"encrypted":false}}`, fails, "device management"},
	{"disk_encryption", "android", `{"mdm":{}}`, unknown, "mdm.encrypted"},

	{"firewall", "linux", `{"firewall":{"manager":"nftables","inbound":"drop","active":true}}`, holds, ""},
	{"firewall", "linux", `{"firewall":{"manager":"iptables","inbound":"accept","active":true}}`, fails, "accepted"},
	{"firewall", "linux", `{"firewall":{"manager":"iptables","inbound":"accept","active":true,"rules":40}}`, fails, "accepted"},
	{"firewall", "linux", `{"firewall":{"manager":"ufw","active":true}}`, holds, ""},
	{"firewall", "linux", `{"firewall":{"manager":"ufw","active":true,"inbound":"accept"}}`, fails, "accepted"},
	{"firewall", "linux", `{"firewall":{"manager":"firewalld","active":true,"inbound":"reject"}}`, holds, ""},
	{"firewall", "linux", `{"firewall":{"manager":"none","active":false}}`, fails, "no firewall"},
	{"firewall", "linux", `{"firewall":{"manager":"nftables","active":true}}`, unknown, "firewall.inbound"},
	{"firewall", "linux", `{}`, unknown, ""},
	{"firewall", "windows", `{"firewall":{"profiles":[{"name":"domain","enabled":true},{"name":"standard","enabled":true},{"name":"public","enabled":true,"inbound":"block"}]}}`, holds, ""},
	{"firewall", "windows", `{"firewall":{"profiles":[{"name":"domain","enabled":true},{"name":"standard","enabled":false},{"name":"public","enabled":true}]},"malware_protection":{"products":[{"state":"on"}]}}`, fails, "standard"},
	{"firewall", "windows", `{"firewall":{"profiles":[{"name":"domain","enabled":true},{"name":"private","enabled":true},{"name":"public","enabled":true,"inbound":"allow"}]}}`, fails, "public"},
	{"firewall", "windows", `{"firewall":{"profiles":[{"name":"domain","enabled":true},{"name":"public","enabled":true}]}}`, unknown, ""},
	{"firewall", "darwin", `{"firewall":{"global_state":2}}`, holds, ""},
	{"firewall", "darwin", `{"firewall":{"global_state":0}}`, fails, ""},
	{"firewall", "darwin", `{"firewall":{}}`, unknown, ""},

	{"patches", "linux", `{"patches":{"manager":"apt","lists_refreshed":"2026-11-20","pending_security":0,"oldest_known":false}}`, holds, ""},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2026-11-20","pending_security":3,"oldest_pending":"2026-11-01","oldest_known":true}}`, holds, ""},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2026-11-20","pending_security":3,"oldest_pending":"2026-10-01","oldest_known":true}}`, fails, "waiting"},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2026-10-20","pending_security":0}}`, unknown, ""},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2026-09-20","pending_security":3,"oldest_pending":"2026-08-01","oldest_known":true}}`, fails, "waiting"},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2026-11-20","pending_security":3,"oldest_known":false}}`, unknown, ""},
	{"patches", "linux", `{"patches":{"lists_refreshed":"2030-01-01","pending_security":0}}`, unknown, ""},
	{"patches", "windows", `{"patches":{"latest_cumulative":"2026-11-11","failed_last":false}}`, holds, ""},
	{"patches", "windows", `{"patches":{"latest_cumulative":"2026-10-16"}}`, fails, "cumulative"},
	{"patches", "windows", `{"patches":{"latest_cumulative":"2026-10-17"}}`, holds, ""},
	{"patches", "windows", `{"patches":{"latest_cumulative":"2026-11-11","failed_last":true}}`, fails, "last installation"},
	{"patches", "windows", `{}`, unknown, ""},
	{"patches", "darwin", `{"auto_update":{"check":true,"install_os":true,"install_critical":true}}`, unknown, ""},
	{"patches", "darwin", `{"patches":{"lists_refreshed":"2026-11-20","pending_security":0}}`, holds, ""},
	{"patches", "scan", `{"scan":{"credentialed":true,"finished":true,"patches_past_limit":0}}`, holds, ""},
	{"patches", "scan", `{"scan":{"credentialed":true,"finished":true,"patches_past_limit":2}}`, fails, "scan"},
	{"patches", "scan", `{"scan":{"credentialed":false,"finished":true,"patches_past_limit":0}}`, unknown, ""},
	{"patches", "android", `{"mdm":{"patch_level":"2026-10-05"}}`, holds, ""},
	{"patches", "android", `{"mdm":{"patch_level":"2026-05-05"}}`, fails, ""},
	{"auto_update", "linux", `{"auto_update":{"enabled":false}}`, fails, ""},
	{"auto_update", "darwin", `{"auto_update":{"check":true,"install_os":false,"install_critical":true}}`, fails, ""},

	{"screen_lock", "windows", `{"screen_lock":{"inactivity_seconds":900}}`, holds, ""},
	{"screen_lock", "windows", `{"screen_lock":{"inactivity_seconds":901}}`, fails, "later"},
	{"screen_lock", "windows", `{"screen_lock":{"inactivity_seconds":0}}`, fails, "no time limit"},
	{"screen_lock", "windows", `{"screen_lock":{}}`, unknown, ""},
	{"screen_lock", "darwin", `{"screen_lock":{"enabled":true,"grace_seconds":5,"idle_seconds":600}}`, holds, ""},
	{"screen_lock", "darwin", `{"screen_lock":{"enabled":true,"grace_seconds":300,"idle_seconds":600}}`, fails, "password"},
	{"screen_lock", "darwin", `{"screen_lock":{"enabled":true,"grace_seconds":5}}`, unknown, "idle_seconds"},
	{"screen_lock", "linux", `{"screen_lock":{"desktop":true,"enabled":true,"idle_seconds":600,"lock_delay_seconds":300}}`, holds, ""},
	{"screen_lock", "linux", `{"screen_lock":{"desktop":true,"enabled":true,"idle_seconds":600,"lock_delay_seconds":301}}`, fails, "later"},
	{"screen_lock", "linux", `{"screen_lock":{"desktop":true,"enabled":true,"idle_seconds":0,"lock_delay_seconds":0}}`, fails, "never"},
	{"screen_lock", "linux", `{"screen_lock":{"desktop":false}}`, exempt, ""},
	{"screen_lock", "linux", `{"screen_lock":{"desktop":true,"enabled":true,"idle_seconds":600}}`, unknown, ""},
	{"screen_lock", "ios", `{"mdm":{"lock_seconds":300}}`, holds, ""},
	{"screen_lock", "ios", `{"mdm":{"lock_seconds":0}}`, fails, ""},
	{"auto_login", "windows", `{"auto_login":{"enabled":true}}`, fails, "signs a user in"},
	{"auto_login", "darwin", `{"auto_login":{"enabled":false,"guest":true}}`, fails, "guest"},
	{"auto_login", "linux", `{"screen_lock":{"desktop":true},"auto_login":{"enabled":false}}`, holds, ""},
	{"auto_login", "linux", `{"screen_lock":{"desktop":false},"auto_login":{"enabled":false}}`, exempt, ""},
	{"auto_login", "windows", `{}`, unknown, ""},

	{"mdm_passcode", "ios", `{"mdm":{"passcode":true,"passcode_length":6}}`, holds, ""},
	{"mdm_passcode", "ios", `{"mdm":{"passcode":true,"passcode_length":4}}`, fails, "shorter"},
	{"mdm_passcode", "ios", `{"mdm":{"passcode":true}}`, unknown, ""},
	{"mdm_enrolled", "android", `{"mdm":{"enrolled":true,"compromised":false,"wipe":true,"checked_in":"2026-11-20T08:00:00Z"}}`, holds, ""},
	{"mdm_enrolled", "android", `{"mdm":{"enrolled":true,"compromised":true,"wipe":true,"checked_in":"2026-11-20T08:00:00Z"}}`, fails, "rooted"},
	{"mdm_enrolled", "android", `{"mdm":{"enrolled":true,"compromised":false,"wipe":true,"checked_in":"2026-11-01T08:00:00Z"}}`, unknown, ""},

	{"malware_protection", "windows", `{"malware_protection":{"products":[{"name":"Defender","state":"on","signatures_current":true}]}}`, holds, ""},
	{"malware_protection", "windows", `{"malware_protection":{"products":[{"name":"Defender","state":"off","signatures_current":true}]}}`, fails, "antivirus is off"},
	{"malware_protection", "windows", `{"malware_protection":{"products":[{"name":"Defender","state":"on","signatures_current":false}]}}`, fails, "out of date"},
	{"malware_protection", "windows", `{"malware_protection":{"products":[{"name":"Defender","state":"off","signatures_current":true}],"services":[{"name":"Sense","running":true}]},"baseline":{"edr":["Sense"]}}`, holds, ""},
	{"malware_protection", "windows", `{"malware_protection":{"services":[{"name":"Sense","running":true}]}}`, unknown, ""},
	{"malware_protection", "windows", `{"malware_protection":{"products":[{"name":"Defender","state":"off","signatures_current":true}],"services":[{"name":"Sense","running":false}]},"baseline":{"edr":["Sense"]}}`, fails, ""},
	{"malware_protection", "darwin", `{"malware_protection":{"gatekeeper":true,"sip":true}}`, holds, ""},
	{"malware_protection", "darwin", `{"malware_protection":{"gatekeeper":true,"sip":false}}`, fails, "Integrity"},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"clamd","running":true,"signatures":"2026-11-20"}]}}`, holds, ""},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"clamd","running":true,"signatures":"2026-11-01"}]}}`, fails, "signatures"},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"clamd","running":false,"signatures":"2026-11-20"}]}}`, fails, "not running"},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"falcon-sensor","running":true}]}}`, unknown, ""},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"falcon-sensor","running":true}]},"baseline":{"edr":["falcon-sensor"]}}`, holds, ""},
	{"malware_protection", "linux", `{"malware_protection":{"products":[]},"baseline":{"edr":["falcon-sensor"]}}`, fails, "not found"},
	{"malware_protection", "linux", `{"malware_protection":{"products":[]}}`, unknown, ""},

	{"secure_boot", "linux", `{"secureboot":{"enabled":true}}`, holds, ""},
	{"secure_boot", "windows", `{"secureboot":{"enabled":false}}`, fails, ""},
	{"secure_boot", "linux", `{"secureboot":{}}`, unknown, ""},
	{"secure_boot", "linux", `{"secureboot":{"firmware":"uefi","secure_boot":true,"setup_mode":false}}`, holds, ""},
	{"secure_boot", "linux", `{"secureboot":{"firmware":"uefi","secure_boot":true,"setup_mode":true}}`, fails, "setup mode"},
	{"secure_boot", "linux", `{"secureboot":{"secure_boot":false}}`, fails, ""},
	{"password_policy", "windows", `{"password_policy":{"minimum_length":14,"lockout_attempts":10,"guest_enabled":false,"clear_text":false}}`, holds, ""},
	{"password_policy", "windows", `{"password_policy":{"minimum_length":14,"lockout_attempts":0,"guest_enabled":false,"clear_text":false}}`, fails, "never locked out"},
	{"password_policy", "darwin", `{"password_policy":{"minimum_length":8}}`, fails, "shorter"},
	{"account_state", "linux", `{"accounts":{"login_accounts":2,"empty_passwords":[],"uid0":["root"]}}`, holds, ""},
	{"account_state", "linux", `{"accounts":{"empty_passwords":["guest"],"uid0":["root"]}}`, fails, "no password"},
	{"account_state", "linux", `{"accounts":{"empty_passwords":[],"uid0":["root","toor"]}}`, fails, "user id 0"},
	{"account_state", "linux", `{"accounts":{"uid0":["root"]}}`, unknown, "empty_passwords"},
	{"remote_access", "windows", `{"remote_access":{"rdp":true,"nla":false}}`, fails, "Remote Desktop"},
	{"remote_access", "windows", `{"remote_access":{"rdp":true,"nla":true}}`, holds, ""},
	{"remote_access", "windows", `{"remote_access":{"rdp":false}}`, holds, ""},
	{"remote_access", "linux", `{"remote_access":{"listeners":[{"port":22,"address":"0.0.0.0"}]}}`, unknown, "baseline.listeners"},
	{"remote_access", "linux", `{"remote_access":{"listeners":[{"port":22,"address":"0.0.0.0"}]},"baseline":{"listeners":[22]}}`, holds, ""},
	{"remote_access", "linux", `{"remote_access":{"listeners":[{"port":5900,"address":"::"}]},"baseline":{"listeners":[22]}}`, fails, "5900"},
	{"remote_access", "linux", `{"remote_access":{"listeners":[{"port":5900,"address":"127.0.0.1"}]}}`, holds, ""},
	{"remote_access", "linux", `{"remote_access":{"listeners":[{"port":22,"address":"0.0.0.0"}]},"baseline":{"listeners":[]}}`, fails, "22"},
	{"remote_access", "darwin", `{"remote_access":{"sharing":[]}}`, holds, ""},
	{"remote_access", "darwin", `{"remote_access":{"sharing":["remote_login"]},"baseline":{"listeners":["screen_sharing"]}}`, fails, ""},
	{"ssh_settings", "linux", `{"ssh_settings":{"installed":false}}`, holds, ""},
	{"ssh_settings", "linux", `{"ssh_settings":{"installed":true,"permit_root_login":"prohibit-password","permit_empty_passwords":false}}`, holds, ""},
	{"ssh_settings", "linux", `{"ssh_settings":{"installed":true,"permit_root_login":"yes","permit_empty_passwords":false}}`, fails, "root"},
	{"ssh_settings", "linux", `{"ssh_settings":{"installed":true,"permit_empty_passwords":false}}`, unknown, ""},
	{"time_sync", "linux", `{"time_sync":{"synchronized":false}}`, fails, ""},
	{"local_admins", "windows", `{"local_admins":{"members":["Administrator","bw-admin"]},"baseline":{"admins":["Administrator","bw-admin"]}}`, holds, ""},
	{"local_admins", "windows", `{"local_admins":{"members":["Administrator","pat"]},"baseline":{"admins":["Administrator"]}}`, fails, ""},
	{"local_admins", "windows", `{"local_admins":{"members":["Administrator"]}}`, unknown, "baseline.admins"},
	{"local_admins", "linux", `{"local_admins":{"members":[]},"baseline":{"admins":["ops"]}}`, unknown, ""},
	{"usb_policy", "windows", `{"usb_policy":{"storage":"blocked"}}`, holds, ""},
	{"usb_policy", "windows", `{"usb_policy":{"storage":"allowed"}}`, fails, "USB"},
	{"usb_policy", "linux", `{"usb":{"serial":"x"}}`, unknown, ""},
	{"usb_policy", "linux", `{"usb_policy":{"blocked":true,"by":["usbguard"]}}`, holds, ""},
	{"usb_policy", "linux", `{"usb_policy":{"blocked":false,"by":[]}}`, fails, "USB"},
	{"usb_policy", "linux", `{"usb_policy":{"storage":"allowed"}}`, fails, "USB"},
	{"malware_protection", "linux", `{"malware_protection":{"products":[{"name":"ClamAV","running":true,"signatures":"2026-11-20"}]}}`, holds, ""},
	{"software", "linux", `{"software":{"count":812,"sha256":"ab"}}`, holds, ""},
	{"software", "linux", `{"software":{"count":0}}`, fails, ""},

	{"os_support", "linux", `{"os_version":{"id":"debian","version":"12"}}`, holds, ""},
	{"os_support", "linux", `{"os_version":{"id":"debian","version":"11"}}`, fails, "Debian 11"},
	{"os_support", "linux", `{"os_version":{"id":"gentoo","version":"2.15"}}`, unknown, "not in the table"},
	{"os_support", "windows", `{"os_version":{"name":"Microsoft Windows 11 Pro","version":"10.0.26100"}}`, fails, "Home and Pro"},
	{"os_support", "windows", `{"os_version":{"name":"Microsoft Windows 11 Enterprise","version":"10.0.26100"}}`, holds, ""},
	{"os_support", "windows", `{"os_version":{"name":"Microsoft Windows Server 2025 Standard","version":"10.0.26100"}}`, holds, ""},
	{"os_support", "windows", `{"os_version":{"name":"Microsoft Windows 10 Pro","version":"10.0.19045"}}`, fails, "2025-10-14"},
	{"os_support", "darwin", `{"os_version":{"name":"macOS","version":"15.7.4"}}`, holds, ""},
	{"os_support", "darwin", `{"os_version":{"version":"14.8"}}`, unknown, "no support end"},
	{"os_support", "darwin", `{"os_version":{"version":"13.7"}}`, fails, "Ventura"},
	{"os_support", "android", `{"os_version":{"version":"12"}}`, fails, ""},
	{"os_support", "linux", `{"os_version":{}}`, unknown, ""},
	{"os_support", "scan", `{"scan":{"finished":true,"unsupported":1}}`, fails, "scan"},
	{"default_credentials", "scan", `{"scan":{"default_checked":true,"default_found":0}}`, holds, ""},
	{"default_credentials", "scan", `{"scan":{"default_checked":true,"default_found":1}}`, fails, ""},
	{"default_credentials", "scan", `{"scan":{"default_checked":false}}`, unknown, ""},
}

var otherReports = []report{
	{"mfa", "entra", `{"account":{"enabled":true,"mfa_enforced":true}}`, holds, ""},
	{"mfa", "entra", `{"account":{"enabled":true,"mfa_enforced":false}}`, fails, "second factor"},
	{"mfa", "entra", `{"account":{"enabled":true}}`, unknown, ""},
	{"mfa", "entra", `{"account":{"enabled":false}}`, exempt, ""},
	{"mfa_mail", "google", `{"account":{"enabled":true,"mfa_enforced":true,"legacy_sign_in":true}}`, fails, "legacy"},
	{"mfa_mail", "google", `{"account":{"enabled":true,"mfa_enforced":true,"legacy_sign_in":false}}`, holds, ""},
	{"unique", "ad", `{"account":{"enabled":true,"person":"p-17"}}`, holds, ""},
	{"unique", "ad", `{"account":{"enabled":true,"person":""}}`, fails, "nobody"},
	{"unique", "ad", `{"account":{"enabled":true,"person":"p-17","shared":true}}`, fails, "shared"},
	{"unique", "ad", `{"account":{"enabled":true}}`, unknown, ""},
	{"dormant", "ad", `{"account":{"enabled":true,"last_sign_in":"2026-11-01"}}`, holds, ""},
	{"dormant", "ad", `{"account":{"enabled":true,"last_sign_in":"2026-05-01"}}`, fails, ""},
	{"dormant", "ad", `{"account":{"enabled":false,"last_sign_in":"2026-05-01"}}`, holds, ""},
	{"dormant", "ad", `{"account":{"enabled":true}}`, unknown, ""},
	{"admin_separation", "entra", `{"account":{"enabled":true,"privileged":true,"mailbox":true,"person_has_other":true}}`, fails, "mailbox"},
	{"admin_separation", "entra", `{"account":{"enabled":true,"privileged":true,"mailbox":false,"person_has_other":true}}`, holds, ""},
	{"admin_separation", "entra", `{"account":{"enabled":true,"privileged":false,"mailbox":true}}`, exempt, ""},
	{"directory_policy", "entra", `{"directory":{"minimum_length":14,"screening":true,"lockout_attempts":10}}`, holds, ""},
	{"directory_policy", "entra", `{"directory":{"minimum_length":14,"screening":false,"lockout_attempts":10}}`, fails, "leaked"},
	{"directory_policy", "entra", `{"directory":{"minimum_length":14}}`, unknown, ""},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":1,"lookups":6,"all":"-all"},"dkim":{"keys":[{"selector":"s1","type":"rsa","bits":2048}]},"dmarc":{"policy":"reject"}}}`, holds, ""},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":1,"lookups":6,"all":"-all"},"dkim":{"keys":[{"selector":"s1","type":"rsa","bits":2048}]},"dmarc":{"policy":"none"}}}`, fails, "DMARC"},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":2,"lookups":6,"all":"-all"},"dkim":{"keys":[]},"dmarc":{"policy":"reject"}}}`, fails, "more than one"},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":1,"lookups":6,"all":"~all"},"dkim":{"keys":[]},"dmarc":{"policy":"reject"}}}`, unknown, ""},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":1,"lookups":6,"all":"-all"},"dkim":{"keys":[{"selector":"s1","type":"rsa","bits":512}]},"dmarc":{"policy":"reject"}}}`, fails, "s1"},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":true,"spf":{"records":1,"lookups":6,"all":"-all"},"dkim":{"keys":[{"selector":"s1","type":"ed25519","bits":256}]},"dmarc":{"policy":"reject","pct":50}}}`, fails, "part of the mail"},
	{"mail_auth", "dns", `{"mail_auth":{"resolved":false}}`, unknown, ""},
	{"dmarc_reports", "any", `{"dmarc":{"aligned":12}}`, holds, ""},
	{"mail_tls", "smtp", `{"mail_tls":{"servers":[{"host":"mx1","reached":true,"starttls":true,"certificate_valid":true,"lowest":"1.2"}]}}`, holds, ""},
	{"mail_tls", "smtp", `{"mail_tls":{"servers":[{"host":"mx1","reached":true,"starttls":false,"certificate_valid":false}]}}`, fails, "mx1"},
	{"mail_tls", "smtp", `{"mail_tls":{"servers":[{"host":"mx1","reached":false}]}}`, unknown, ""},
	{"mail_rule", "tenant", `{"mail_rule":{"encrypts_phi":false}}`, fails, ""},
	{"web_tls", "tls", `{"web_tls":{"services":[{"host":"portal","reached":true,"lowest":"1.2","certificate_valid":true}]}}`, holds, ""},
	{"web_tls", "tls", `{"web_tls":{"services":[{"host":"portal","reached":true,"lowest":"1.0","certificate_valid":true}]}}`, fails, "older than 1.2"},
	{"web_tls", "tls", `{"web_tls":{"services":[{"host":"portal","reached":false}]}}`, unknown, ""},
	{"web_trackers", "crawl", `{"site":{"finished":true,"trackers":[{"host":"t.example","page":"condition"}]}}`, holds, ""},
	{"web_trackers", "crawl", `{"site":{"finished":true,"trackers":[{"host":"t.example","page":"booking"}]}}`, fails, "t.example"},
	{"web_trackers", "crawl", `{"site":{"finished":false,"trackers":[]}}`, unknown, ""},
	{"scan_discovery", "nmap", `{"discovery":{"reached":12,"unmatched":0}}`, holds, ""},
	{"scan_discovery", "nmap", `{"discovery":{"reached":12,"unmatched":1,"oldest_unmatched":"2026-09-01"}}`, fails, ""},
	{"scan_discovery", "nmap", `{"discovery":{"reached":0,"unmatched":0}}`, unknown, ""},
	{"scan_external", "nmap", `{"exposure":{"finished":true,"reached":1,"open":[]}}`, holds, ""},
	{"scan_external", "nmap", `{"exposure":{"finished":true,"reached":1,"open":[{"port":443}]}}`, unknown, "baseline.exposed"},
	{"scan_external", "nmap", `{"exposure":{"finished":true,"reached":1,"open":[{"port":3389}]}}`, fails, "Remote Desktop"},
	{"scan_external", "nmap", `{"exposure":{"finished":true,"reached":1,"open":[{"port":443},{"port":22}]},"baseline":{"exposed":[443]}}`, fails, "22"},
	{"scan_external", "nmap", `{"exposure":{"finished":true,"reached":0,"open":[]}}`, unknown, ""},
	{"scan_inside", "nessus", `{"scan":{"position":"inside","finished":true,"in_scope_reached":4}}`, holds, ""},
	{"scan_inside", "nessus", `{"scan":{"position":"outside","finished":true,"in_scope_reached":4}}`, unknown, ""},
	{"scan_inside", "openscap", `{"scan":{"position":"inside","finished":true,"in_scope_reached":1,"not_applicable_only":true}}`, unknown, ""},
	{"scan_outside", "nessus", `{"scan":{"position":"outside","finished":true,"in_scope_reached":0}}`, unknown, ""},
	{"remediation", "nessus", `{"findings":{"open":[]}}`, holds, ""},
	{"remediation", "nessus", `{"findings":{"open":[{"ref":"CVE-1","severity":"critical","first_seen":"2026-11-10"}]}}`, holds, ""},
	{"remediation", "nessus", `{"findings":{"open":[{"ref":"CVE-1","severity":"critical","first_seen":"2026-11-01"}]}}`, fails, "CVE-1"},
	{"remediation", "nessus", `{"findings":{"open":[{"ref":"CVE-1","severity":"high","first_seen":"2026-11-01"},{"ref":"CVE-2","severity":"critical","first_seen":"2026-01-01","excepted":true}]}}`, holds, ""},
	{"remediation", "nessus", `{"findings":{"open":[{"ref":"CVE-1","severity":"critical"}]}}`, unknown, ""},
	{"backup_job", "backup", `{"backup":{"last_success":"2026-11-20T22:00:00Z"}}`, holds, ""},
	{"backup_job", "backup", `{"backup":{"last_success":"2026-11-18T11:59:00Z"}}`, fails, ""},
	{"backup_job", "backup", `{"backup":{"status":"failed"}}`, unknown, ""},
	{"backup_job", "backup", `{"backup":{"last_success":"0001-01-01T00:00:00Z"}}`, unknown, ""},
	{"backup_copy", "backup", `{"backup_copy":{"immutable":true,"encrypted":true,"separate_credentials":true}}`, holds, ""},
	{"backup_copy", "backup", `{"backup_copy":{"immutable":false,"offline":false,"encrypted":true,"separate_credentials":true}}`, fails, "offline"},
	{"backup_copy", "backup", `{"backup_copy":{"immutable":true,"encrypted":true}}`, unknown, ""},

	{"no_such_measure", "linux", `{}`, unknown, "no measure"},
	{"account_state", "windows", `{}`, unknown, "no rule"},
}

func TestJudge(t *testing.T) {
	c := framework.Embedded()
	for _, r := range append(deviceReports, otherReports...) {
		got, reason := c.Judge(r.measure, r.platform, facts(t, r.facts), noon)
		if got != r.want {
			t.Errorf("%s on %s: got %v (%s), want %v\n%s", r.measure, r.platform, got, reason, r.want, r.facts)
			continue
		}
		if !strings.Contains(reason, r.reason) || (got == framework.Holds) != (reason == "") {
			t.Errorf("%s on %s: %v because %q, want %q\n%s", r.measure, r.platform, got, reason, r.reason, r.facts)
		}
	}
}

// TestEveryRuleIsTried holds the table above to every rule of the catalog.
func TestEveryRuleIsTried(t *testing.T) {
	tried := map[string]bool{}
	c := framework.Embedded()
	for _, r := range append(deviceReports, otherReports...) {
		platform := r.platform
		if m, ok := c.Measure(r.measure); ok && m.Rules[platform] == nil {
			platform = "any"
		}
		tried[r.measure+" "+platform] = true
	}
	for _, m := range c.Measures {
		for platform := range m.Rules {
			if !tried[m.ID+" "+platform] {
				t.Errorf("no report tries %s on %s", m.ID, platform)
			}
		}
	}
}

// TestSilenceNeverPasses judges an empty report by every rule: nothing said
// is unknown, never holds, never fails.
func TestSilenceNeverPasses(t *testing.T) {
	c := framework.Embedded()
	for _, m := range c.Measures {
		for platform := range m.Rules {
			for _, empty := range []map[string]any{nil, {}, {"mdm": nil, "scan": "x", "account": []any{}}} {
				if got, reason := c.Judge(m.ID, platform, empty, noon); got != framework.Unknown {
					t.Errorf("%s on %s: an empty report is %v (%s)", m.ID, platform, got, reason)
				}
			}
		}
	}
}

func TestJudgeNumbers(t *testing.T) {
	c := framework.Embedded()
	for _, n := range []any{json.Number("600"), json.Number("600.0"), 600, int64(600), float64(600)} {
		if got, _ := c.Judge("screen_lock", "windows", map[string]any{"screen_lock": map[string]any{"inactivity_seconds": n}}, noon); got != framework.Holds {
			t.Errorf("%T %v: got %v", n, n, got)
		}
	}
	for _, n := range []any{json.Number("6e999"), 600.5, "600", true, nil} {
		if got, _ := c.Judge("screen_lock", "windows", map[string]any{"screen_lock": map[string]any{"inactivity_seconds": n}}, noon); got != framework.Unknown {
			t.Errorf("%T %v: got %v", n, n, got)
		}
	}
}

func TestSupportByInstant(t *testing.T) {
	c := framework.Embedded()
	f := facts(t, `{"os_version":{"id":"ubuntu","version":"20.04"}}`)
	last := time.Date(2025, 5, 31, 23, 59, 59, 0, time.UTC).UnixMilli()
	if got, _ := c.Judge("os_support", "linux", f, last); got != framework.Holds {
		t.Errorf("on the last day: got %v", got)
	}
	if got, _ := c.Judge("os_support", "linux", f, last+1000); got != framework.Fails {
		t.Errorf("the day after: got %v", got)
	}
}

func FuzzJudge(f *testing.F) {
	for i, r := range append(deviceReports, otherReports...) {
		if i%4 == 0 {
			f.Add(r.platform, r.facts, noon)
		}
	}
	c := framework.Embedded()
	f.Fuzz(func(t *testing.T, platform, text string, at int64) {
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&m) != nil {
			return
		}
		for _, measure := range c.Measures {
			v, reason := c.Judge(measure.ID, platform, m, at)
			again, same := c.Judge(measure.ID, platform, m, at)
			if v != again || reason != same {
				t.Fatalf("%s: %v %q, then %v %q", measure.ID, v, reason, again, same)
			}
			if (v == framework.Holds) != (reason == "") {
				t.Fatalf("%s: %v with reason %q", measure.ID, v, reason)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	c := framework.Embedded()
	f := facts(b, `{"disk_encryption":{"volumes":[{"mount":"/","encrypted":true},{"mount":"/boot","encrypted":false},{"mount":"/home","encrypted":true},{"mount":"swap","swap":true,"encrypted":true}]},
		"firewall":{"manager":"nftables","inbound":"drop","active":true},"patches":{"lists_refreshed":"2026-11-20","pending_security":0},"screen_lock":{"desktop":true,"enabled":true,"idle_seconds":600,"lock_delay_seconds":0},
		"auto_login":{"enabled":false},"accounts":{"empty_passwords":[],"uid0":["root"]},"local_admins":{"members":["ops"]},"ssh_settings":{"installed":false},"os_version":{"id":"debian","version":"12"},
		"malware_protection":{"products":[{"name":"clamd","running":true,"signatures":"2026-11-20"}]},"software":{"count":900},"time_sync":{"synchronized":true},"baseline":{"admins":["ops"],"listeners":[22]},"remote_access":{"listeners":[{"port":22,"address":"0.0.0.0"}]}}`)
	measures := []string{"disk_encryption", "firewall", "patches", "screen_lock", "auto_login", "account_state", "local_admins", "ssh_settings", "os_support", "malware_protection", "software", "remote_access"}
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range measures {
			if v, reason := c.Judge(m, "linux", f, noon); v != framework.Holds {
				b.Fatal(m, reason)
			}
		}
	}
}
