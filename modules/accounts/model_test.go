package accounts

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestParseFiscalCode_Vectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code string
		want error
	}{
		{"RSSMRA80A01D150J", nil},
		{"RSSMRA80A01D15LM", nil}, // omocodic
		{"rssmra 80a01 d150j", nil},
		{"RSSMRA80A01D150K", ErrFiscalCodeCheck},
		{"RSSMRA80A01D15LJ", ErrFiscalCodeCheck},
		{withCheck("RSSMRA80A01Z330"), nil},                // born abroad
		{withCheck("RSSMRA80A41D150"), nil},                // a woman
		{withCheck("RSSMRA80A00D150"), ErrFiscalCodeForm},  // no such day
		{withCheck("RSSMRA80B30D150"), ErrFiscalCodeForm},  // 30 February
		{withCheck("RSSMRA81B29D150"), ErrFiscalCodeForm},  // 29 February of no leap year
		{withCheck("RSSMRA80B29D150"), nil},                // and of one
		{withCheck("RSSMRA80F01D150"), ErrFiscalCodeForm},  // no such month
		{withCheck("RSSMRA80A01X999"), ErrFiscalCodePlace}, // no such place
		{withCheck("RSSMRA30A01A003"), ErrFiscalCodePlace}, // Abbadia Alpina ended in 1928
		{withCheck("RSSMRA28A01A003"), nil},
		{withCheck("OESMRA80A01D150"), ErrFiscalCodeForm}, // no surname makes these letters
		{withCheck("FOXMRA80A01D150"), nil},               // Fo
		{"00297960197", nil},                              // temporary, eleven digits
		{"00297960198", ErrFiscalCodeCheck},
		{"", ErrFiscalCodeForm},
		{"RSSMRA80A01D150", ErrFiscalCodeForm},
		{"RSSMRA80A01D150JJ", ErrFiscalCodeForm},
		{"RSSMRA8ÀA01D150J", ErrFiscalCodeForm},
		{"1SSMRA80A01D150J", ErrFiscalCodeForm},
	} {
		if _, err := ParseFiscalCode(c.code, today); !errors.Is(err, c.want) && (err != nil || c.want != nil) {
			t.Errorf("%q: %v, want %v", c.code, err, c.want)
		}
	}
}

func TestParseFiscalCode_SaysWhatItHolds(t *testing.T) {
	t.Parallel()
	c, err := ParseFiscalCode("RSSMRA80A01D15LM", today)
	if err != nil {
		t.Fatal(err)
	}
	if c.Plain != "RSSMRA80A01D150J" || c.Place != "D150" || c.Female || !c.Born.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", c)
	}
	if !c.BornOn(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) || c.BornOn(time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)) {
		t.Error("the day of birth is not compared")
	}
}

func withCheck(first string) string { return first + string(checkLetter(first)) }

// Every valid code stays valid with any of its omocodias, and no single wrong letter passes.
func TestParseFiscalCode_Properties(t *testing.T) {
	t.Parallel()
	random := mathrand.New(mathrand.NewPCG(1, 2)) //nolint:gosec // repeatable
	for range 400 {
		born := time.Date(1940+random.IntN(86), time.Month(1+random.IntN(12)), 1+random.IntN(28), 0, 0, 0, 0, time.UTC)
		day := born.Day() + 40*random.IntN(2)
		plain := withCheck("RSSMRA" + born.Format("06") + string(monthLetters[born.Month()-1]) + string(rune('0'+day/10)) + string(rune('0'+day%10)) + "D150")
		if c, err := ParseFiscalCode(plain, today); err != nil || !c.BornOn(born) || c.Female != (day > 40) {
			t.Fatalf("%s: %+v %v", plain, c, err)
		}
		b := []byte(plain)
		for _, i := range omocodiaPlaces {
			if random.IntN(2) == 0 {
				b[i] = omocodiaLetters[b[i]-'0']
			}
		}
		omocodic := withCheck(string(b[:15]))
		if c, err := ParseFiscalCode(omocodic, today); err != nil || c.Plain != plain {
			t.Fatalf("%s of %s: %+v %v", omocodic, plain, c, err)
		}
		i := random.IntN(16)
		wrong := []byte(plain)
		wrong[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[random.IntN(36)]
		if _, err := ParseFiscalCode(string(wrong), today); err == nil && string(wrong) != plain && sameCheck(plain, string(wrong)) {
			t.Fatalf("%s passes for %s", wrong, plain)
		}
	}
}

// sameCheck is false where the rule's own weakness lets a wrong letter pass: two characters of one value.
func sameCheck(a, b string) bool { return checkLetter(a[:15]) != checkLetter(b[:15]) || a[15] != b[15] }

func FuzzParseFiscalCode(f *testing.F) {
	f.Add("RSSMRA80A01D150J")
	f.Add("00297960197")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseFiscalCode(s, today)
		if err == nil && !c.Temporary && (c.Born.After(today) || c.Place == "") {
			t.Errorf("%q: %+v", s, c)
		}
	})
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ password, want string }{
		{"", "accounts.password.missing"},
		{"corta", "accounts.password.short"},
		{"èèèèèèèèè", "accounts.password.short"}, // nine characters, eighteen bytes
		{strings.Repeat("parola ", 40), "accounts.password.long"},
		{"1234567890", "accounts.password.common"},
		{"Password123", "accounts.password.common"},
		{"FORZA JUVE 123", "accounts.password.common"},
		{"aaaaaaaaaaaa", "accounts.password.common"},
		{"anna.rossi@posta.example", "accounts.password.own"},
		{"anna.rossi2026", "accounts.password.own"},
		{"AnnaRossi1980", "accounts.password.own"},
		{goodPassword, ""},
		{"tuttominuscolo", ""}, // no rules of composition
	} {
		var f problem.Fields
		checkPassword(&f, "password", c.password, "anna.rossi@posta.example", "Anna Rossi")
		got := ""
		if len(f) > 0 {
			got = f[0].Code
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.password, got, c.want)
		}
	}
	if len(common) < 100 {
		t.Errorf("only %d common passwords are known", len(common))
	}
}

func TestPlausibleEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"anna@posta.example": true, "anna+prova@sotto.posta.example": true, "o'neill@posta.example": true,
		"anna": false, "@posta.example": false, "anna@posta": false, "anna@@posta.example": false, "anna rossi@posta.example": false,
		"anna@posta.example\nBcc: altri@x.example": false, "<anna@posta.example>": false, "anna@.posta.example": false, "anna@posta.example.": false,
	} {
		if got := plausibleEmail(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestStepOf_ACodeCountsOnceAndWithinAStep(t *testing.T) {
	t.Parallel()
	secret, err := newSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, today)
	if err != nil {
		t.Fatal(err)
	}
	step := stepOf(code[:3]+" "+code[3:], secret, 0, today)
	if step != today.Unix()/30 {
		t.Fatalf("step %d", step)
	}
	for _, c := range []struct {
		what string
		last int64
		now  time.Time
		want int64
	}{
		{"half a minute late", 0, today.Add(30 * time.Second), step},
		{"half a minute early", 0, today.Add(-30 * time.Second), step},
		{"a minute late", 0, today.Add(61 * time.Second), 0},
		{"once more", step, today, 0},
		{"after a later one", step + 1, today, 0},
	} {
		if got := stepOf(code, secret, c.last, c.now); got != c.want {
			t.Errorf("%s: %d", c.what, got)
		}
	}
	for _, wrong := range []string{"", "12345", "1234567", "abcdef"} {
		if stepOf(wrong, secret, 0, today) != 0 {
			t.Errorf("%q counts", wrong)
		}
	}
}

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestStepOf_AsTheStandardSays(t *testing.T) {
	t.Parallel()
	secret := base32Plain.EncodeToString([]byte("12345678901234567890"))
	for second, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		if got := stepOf(code, secret, 0, time.Unix(second, 0)); got != second/30 {
			t.Errorf("at %d: %s gives step %d", second, code, got)
		}
	}
}

func TestRecoveryCodes_AreTenAndReadInAnyCase(t *testing.T) {
	t.Parallel()
	codes, err := newRecoveryCodes(rand.Reader)
	if err != nil || len(codes) != 10 {
		t.Fatal(codes, err)
	}
	a, b := recoveryHash(codes[0]), recoveryHash(" "+strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")))
	if a == nil || string(a) != string(b) || string(a) == string(recoveryHash(codes[1])) {
		t.Error("codes are not compared as people write them")
	}
	if recoveryHash("123456") != nil {
		t.Error("six digits are no recovery code")
	}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                        "Firefox · Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1": "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                            "Chrome · Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":           "Edge · Windows",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36":        "Samsung Internet · Android",
		"<script>alert(1)</script>": "",
		"":                          "",
	} {
		if got := device(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestClient_AnIPv6CallerIsItsNetwork(t *testing.T) {
	t.Parallel()
	if client("2001:db8:1:2:3::4") != client("2001:db8:1:2:ffff::9") || client("2001:db8:1:2::1") == client("2001:db8:1:3::1") || client("192.0.2.1") == client("192.0.2.2") {
		t.Error("callers are not told apart by their network")
	}
}

func TestProfile_CodeAndBirthMustAgree(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "Maria Rossi", FiscalCode: "RSSMRA80A01D150J", Born: time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC)}
	if f := problem.Of(p.check(today)).Fields; len(f) != 1 || f[0].Code != ErrFiscalCodeBirth.Code {
		t.Errorf("%v", f)
	}
	p.Born = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := p.check(today); err != nil {
		t.Error(err)
	}
	p.Born = today.AddDate(0, 0, 1)
	if p.check(today) == nil {
		t.Error("born tomorrow")
	}
}
