// Command breakwater keeps tamper-evident logs of security evidence and
// answers from them what was in place on any date. It wires the parts
// together; what it does stands in package cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // dates are shown in the client's zone, also where the system has no zones

	"breakwater/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, cli.Env{Args: os.Args[1:], Pages: pages, Accounts: accounts, Sample: simulate})
	stop()
	os.Exit(code)
}
