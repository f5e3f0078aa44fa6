package tenants_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestSecret_OpensOnlyForItsCityAndName(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	key, err := tenants.ParseKey("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetSecret(ctx, key, "smtp", []byte("hunter2")); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Secret(ctx, key, "smtp"); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := db.Secret(otherCtx, key, "smtp"); !errors.Is(err, tenants.ErrNoSecret) {
		t.Errorf("another city: err = %v", err)
	}
	sealed, err := key.Seal(other, "secret:smtp", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Open(other, "secret:imap", sealed); err == nil {
		t.Error("opened for another purpose")
	}
}

func TestSecret_IsNotReadWithoutTheKey(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, c := testkit.City(t)
	key, err := tenants.ParseKey("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	other, err := tenants.ParseKey("OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"hunter2", "hunter3"} { // the second replaces the first
		if err := db.SetSecret(ctx, key, "smtp", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	sealed := ask[[]byte](t, ctx, "SELECT sealed FROM secrets WHERE name = 'smtp'")
	if bytes.Contains(sealed, []byte("hunter")) {
		t.Error("the secret is readable in the database")
	}
	if got, err := db.Secret(ctx, key, "smtp"); err != nil || string(got) != "hunter3" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := db.Secret(ctx, other, "smtp"); err == nil || errors.Is(err, tenants.ErrNoSecret) {
		t.Errorf("another key: %v", err)
	}
	if _, err := db.Secret(ctx, key, "imap"); !errors.Is(err, tenants.ErrNoSecret) {
		t.Errorf("not set: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.Secret(gone, key, "smtp"); err == nil || errors.Is(err, tenants.ErrNoSecret) {
		t.Errorf("a database out of reach is no missing secret: %v", err)
	}
	_, stranger := testkit.City(t)
	if _, err := key.Open(stranger, "secret:smtp", sealed); err == nil {
		t.Error("another city opened it")
	}
	for i := range sealed {
		torn := slices.Clone(sealed)
		torn[i] ^= 1
		if _, err := key.Open(c, "secret:smtp", torn); err == nil {
			t.Fatalf("opened with byte %d changed", i)
		}
	}
	for _, short := range [][]byte{nil, sealed[:8], sealed[:24]} {
		if _, err := key.Open(c, "secret:smtp", short); err == nil {
			t.Errorf("opened %d bytes", len(short))
		}
	}
	if got := ask[string](t, ctx, "SELECT string_agg(verb || subject || COALESCE(after::text, ''), ' ') FROM audit_entries WHERE subject_kind = 'secret'"); got != "setsmtp setsmtp" {
		t.Errorf("audit: %q", got)
	}
}

func TestParseKey_TakesThirtyTwoBytesOnly(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "short", "MDEyMzQ1Njc4OTAxMjM0NQ==", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy", "not base64 at all, but long enough to be one"} {
		if _, err := tenants.ParseKey(s); err == nil {
			t.Errorf("%q is a key", s)
		}
	}
	var none tenants.Key
	if _, err := none.Seal(&tenants.City{}, "x", nil); err == nil {
		t.Error("sealed without a key")
	}
}
