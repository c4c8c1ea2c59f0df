package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/sample"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
	"breakwater/internal/web"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip("no look")
	}
	ctx := context.Background()
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixMilli()
	clock := &sample.Clock{}
	_, statErr := os.Stat(dir + "/b.db")
	if statErr == nil {
		clock.Set(end + 15*3600*1000)
	}
	os.MkdirAll(dir, 0o700)
	st, err := store.OpenSQLite(ctx, dir+"/b.db", store.Options{Sealer: seal.NewKeyring(master), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	blobs := blob.Open(dir+"/files", st, 0)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	door, err := intake.Open(ctx, intake.Config{Store: st, Blobs: blobs, Now: clock.Now, Sample: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if statErr != nil {
		n, _ := strconv.Atoi(os.Getenv("CLIENTS"))
		if n == 0 {
			n = 4
		}
		start := time.Now()
		if err := sample.Build(ctx, door, clock, sample.Options{Clients: n, Months: 14, Seed: 1, Now: end}, nil); err != nil {
			t.Fatal(err)
		}
		clock.Set(end + 15*3600*1000)
		if _, err := door.AddClient(ctx, intake.System, intake.NewClient{Added: client.Added{Name: "Ninebark Podiatry", Line: "Medical", Region: "IL"}}); err != nil {
			t.Fatal(err)
		}
		t.Logf("built in %v", time.Since(start))
	}
	acc, err := account.Open(account.Config{Store: st.Accounts(), Sealer: st.Accounts(), Grants: web.GrantsOf(door), Happened: web.Happened(door), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	vo, err := vouch.Open(ctx, st, store.OpenGuard(dir+"/guard"), vouch.Config{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := vo.Round(ctx); err != nil {
		t.Log(err)
	}
	role := permit.Role(os.Getenv("ROLE"))
	if role == "" {
		role = permit.Administrator
	}
	grant := permit.Grant{Member: "dana-whitlow", Role: role, Client: os.Getenv("FOR")}
	s := web.New(web.Config{
		Door: door, Accounts: acc, Now: clock.Now, Log: log, Sample: true, Voucher: vo, Blobs: blobs,
		Guest: func(context.Context) account.Principal {
			return account.Principal{Member: "dana-whitlow", Name: "Dana Whitlow", Grants: []permit.Grant{grant}, Until: 1 << 60, Stage: account.StageFull}
		},
	})
	srv := &http.Server{Addr: "127.0.0.1:8491", Handler: s}
	go func() { time.Sleep(25 * time.Minute); srv.Close() }()
	t.Log(srv.ListenAndServe())
}
