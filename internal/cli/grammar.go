package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

const description = `Breakwater keeps, for every healthcare client of a managed service provider, a tamper-evident log of security evidence, and answers from it what was in place on any date.

Example:

    breakwater serve
    breakwater client add "Lakeside Dental" --id lakeside --state TX
    breakwater coverage --client lakeside --on 2026-03-01`

// Globals are the flags of every command.
type Globals struct {
	Data       string           `env:"BREAKWATER_DATA" type:"path" placeholder:"DIR" help:"Folder with the database, files, guard and master key; ./breakwater-data if not given."`
	DB         string           `name:"db" env:"BREAKWATER_DB" placeholder:"URL" help:"PostgreSQL database (postgres://...) instead of the one in the folder."`
	JSON       bool             `name:"json" env:"BREAKWATER_JSON" help:"Print the answer as JSON."`
	KeyFile    string           `env:"BREAKWATER_KEY_FILE" type:"path" placeholder:"FILE" xor:"key" help:"File with the master key; master.key in the folder if not given."`
	KeyEnv     string           `env:"BREAKWATER_KEY_ENV" placeholder:"NAME" xor:"key" help:"Environment variable that holds the master key."`
	KeyCommand string           `env:"BREAKWATER_KEY_COMMAND" placeholder:"COMMAND" xor:"key" help:"Command that prints the master key."`
	Guard      string           `env:"BREAKWATER_GUARD" type:"path" placeholder:"FILE" help:"File that remembers what was signed; guard in the folder if not given."`
	Version    kong.VersionFlag `help:"Print the version and stop."`
}

// grammar is the whole command line.
type grammar struct {
	Globals

	Serve serveCmd `cmd:"" help:"Run the pages, the API and the jobs."`

	Client   clientCmd   `cmd:"" help:"Clients: the organizations that are looked after."`
	Subject  subjectCmd  `cmd:"" help:"Registers of a client: devices, sites, accounts, domains, people, vendors."`
	Evidence evidenceCmd `cmd:"" help:"Evidence on a practice."`
	Coverage coverageCmd `cmd:"" help:"What was in place in the months before a date."`

	Bundle bundleCmd `cmd:"" help:"What anybody needs to check the log without us."`
	Verify verifyCmd `cmd:"" help:"Check a bundle."`

	Practices  practicesCmd  `cmd:"" help:"List the recognized security practices."`
	Frameworks frameworksCmd `cmd:"" help:"List the frameworks and their items."`
	Catalog    catalogCmd    `cmd:"" help:"The catalog of practices that judges a log."`

	Log   logCmd   `cmd:"" help:"Entries of a log, and the proof of one."`
	Entry entryCmd `cmd:"" help:"Retract, close or erase an entry."`
	Hold  holdCmd  `cmd:"" help:"Legal holds."`

	Enroll enrollCmd `cmd:"" help:"Enrollment secrets for devices."`
	Agent  agentCmd  `cmd:"" help:"What this machine says about its own security."`
	Member memberCmd `cmd:"" help:"People with access, and their roles."`

	Fsck       fsckCmd       `cmd:"" help:"Derive everything again from the entries and compare."`
	Rebuild    rebuildCmd    `cmd:"" help:"Drop every derived table and make it again."`
	Backup     backupCmd     `cmd:"" help:"Write a backup."`
	Restore    restoreCmd    `cmd:"" help:"Restore a backup into an empty folder."`
	Key        keyCmd        `cmd:"" help:"Keys."`
	Checkpoint checkpointCmd `cmd:"" help:"Sign the size and root of a log now."`

	Penalty    penaltyCmd    `cmd:"" help:"Compute federal civil money penalties from dates and counts."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

// example is the detailed help of a command: what one must know, if anything,
// then command lines that work.
func example(more string, lines ...string) string {
	var b strings.Builder
	if more != "" {
		b.WriteString(more + "\n\n")
	}
	b.WriteString("Example:\n\n")
	for _, l := range lines {
		b.WriteString("    " + l + "\n")
	}
	return b.String()
}
