package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // that is what authenticator apps use
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// newcomer is an address that nobody had before, in this run or another on the same data.
func newcomer(name string, c city) string {
	return fmt.Sprintf("%s.%x@%s.example", name, time.Now().UnixMicro(), c.Slug)
}

// letter is one mail as mail_url.json lists it.
type letter struct {
	To      []string  `json:"to"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	At      time.Time `json:"at"`
}

func (d *demo) letters(t testing.TB) []letter {
	t.Helper()
	res, err := http.Get(d.people.MailURL + ".json") //nolint:noctx // on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var list []letter
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// letterTo waits for the first mail to an address since a moment.
func (d *demo) letterTo(t testing.TB, address string, since time.Time) letter {
	t.Helper()
	var found letter
	eventually(t, "a mail to "+address, func() bool {
		for _, l := range d.letters(t) {
			if slices.ContainsFunc(l.To, func(a string) bool { return strings.EqualFold(a, address) }) && l.At.After(since) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"]+`)

// link is the address in a mail's text that leads back into the city, with a token.
func (l letter) link(t testing.TB, c city) string {
	t.Helper()
	var best string
	for _, address := range webAddress.FindAllString(l.Text, -1) {
		address = strings.TrimRight(address, ".,)")
		if !strings.HasPrefix(address, c.URL+"/") {
			t.Errorf("the mail %q leads elsewhere: %s", l.Subject, address)
		}
		if len(address) > len(best) {
			best = address
		}
	}
	if best == "" {
		t.Fatalf("no link in the mail %q:\n%s", l.Subject, l.Text)
	}
	return best
}

// authenticator makes the codes of second factors; a code counts once, so each is given out once.
type authenticator struct {
	mu   sync.Mutex
	used map[string]int64
}

var codes = &authenticator{used: map[string]int64{}}

// next waits for a code of the secret that was not given out yet. The server takes the one before and after too.
func (a *authenticator) next(t testing.TB, secret string) string {
	t.Helper()
	var step int64
	eventuallyLong(t, "a fresh code", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		now := time.Now().Unix() / 30
		step = max(now, a.used[secret]+1)
		if step > now+1 {
			return false
		}
		a.used[secret] = step
		return true
	})
	return totp(t, secret, step)
}

// eventuallyLong has the patience that a clock of half minutes wants.
func eventuallyLong(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience + patience/2); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("does not come true: %s", what)
		}
	}
}

// totp is RFC 6238 with SHA-1, six digits and 30 seconds, written anew so that the program is not measured with its own ruler.
func totp(t testing.TB, secret string, step int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(strings.ReplaceAll(secret, " ", "")), "="))
	if err != nil {
		t.Fatalf("the secret %q: %v", secret, err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff)%1_000_000)
}

func TestTOTP_TheVectorsOfRFC6238(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := totp(t, secret, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}
