package accounts

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// The second factor is a code of six digits that changes every thirty seconds (RFC 6238, SHA-1, as every app understands it).
const (
	totpPeriod    = 30
	totpSkew      = 1 // steps a clock may be wrong by
	recoveryCodes = 10
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret makes a secret in base32.
func newSecret(random io.Reader) (string, error) {
	b := make([]byte, 20)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("a new secret: %w", err)
	}
	return base32Plain.EncodeToString(b), nil
}

// stepOf finds the step for which code is right, after the last that counted: a code counts once. It gives 0 when there is none.
func stepOf(code, secret string, last int64, now time.Time) int64 {
	code = onlyDigits(code)
	if len(code) != 6 {
		return 0
	}
	current := now.Unix() / totpPeriod
	for step := current - totpSkew; step <= current+totpSkew; step++ {
		want, err := hotp.GenerateCode(secret, uint64(step)) //nolint:gosec // the time is after 1970
		if err == nil && step > last && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step
		}
	}
	return 0
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// picture draws the secret as a QR code for the app's camera, as a data: address.
func picture(issuer, email, secret string) (string, error) {
	raw, err := base32Plain.DecodeString(secret)
	if err != nil {
		return "", fmt.Errorf("second factor: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: strings.ReplaceAll(issuer, ":", " "), AccountName: email, Secret: raw, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("second factor: %w", err)
	}
	image, err := key.Image(264, 264)
	if err != nil {
		return "", fmt.Errorf("draw the second factor: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image); err != nil {
		return "", fmt.Errorf("draw the second factor: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// newRecoveryCodes makes codes of eighty random bits for the day the phone is lost: "ABCD-EFGH-JKLM-NOPQ".
func newRecoveryCodes(random io.Reader) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		b := make([]byte, 10)
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("recovery codes: %w", err)
		}
		codes[i] = inFours(base32Plain.EncodeToString(b), "-")
	}
	return codes, nil
}

// recoveryHash is how a code is kept: eighty random bits need no slow hash. It is nil for what cannot be a code.
func recoveryHash(code string) []byte {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z', r >= '2' && r <= '7':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, code)
	if len(plain) != 16 {
		return nil
	}
	sum := sha256.Sum256([]byte(plain))
	return sum[:]
}

// inFours writes a long word as people can copy it.
func inFours(s, sep string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(r)
	}
	return b.String()
}
