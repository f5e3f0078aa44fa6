package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// Config is every setting of the program, from the environment.
type Config struct {
	Addr             string `env:"WELFAREX_ADDR" envDefault:":8080"`
	Data             string `env:"WELFAREX_DATA"`
	BaseURL          string `env:"WELFAREX_BASE_URL" envDefault:"http://localhost:8080"`
	DatabaseURL      string `env:"DATABASE_URL"`
	DatabaseOwnerURL string `env:"DATABASE_OWNER_URL"`
	S3Endpoint       string `env:"S3_ENDPOINT"`
	S3Bucket         string `env:"S3_BUCKET" envDefault:"welfarex"`
	S3AccessKey      string `env:"S3_ACCESS_KEY"`
	S3SecretKey      string `env:"S3_SECRET_KEY"`
	SMTPURL          string `env:"SMTP_URL"`
	StripeURL        string `env:"STRIPE_URL"` // "" is Stripe's own address
	Key              string `env:"WELFAREX_KEY"`
	Chromium         string `env:"WELFAREX_CHROMIUM"` // prints receipts as PDF; "" prints none
	TrustedProxies   string `env:"WELFAREX_TRUSTED_PROXIES"`
	LogLevel         string `env:"WELFAREX_LOG" envDefault:"info"`
	Connections      int    `env:"WELFAREX_CONNECTIONS" envDefault:"16"`
	APIRate          int    `env:"WELFAREX_API_RATE" envDefault:"600"` // requests a minute of one key
}

// readConfig takes the settings from the environment.
func readConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return c, err
	}
	if c.Data == "" {
		c.Data, err = defaultData()
	}
	return c, err
}

// defaultData is where the demo keeps its things. Root's home is closed to the user that PostgreSQL runs as.
func defaultData() (string, error) {
	if os.Getuid() == 0 {
		return "/var/lib/welfarex", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "welfarex"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("no home folder: set WELFAREX_DATA to a folder of yours")
	}
	return filepath.Join(home, ".local", "share", "welfarex"), nil
}

// parsed are the settings that have a shape of their own.
type parsed struct {
	base    web.Base
	proxies web.Proxies
	key     tenants.Key
}

// check says everything that is missing or wrong at once.
func (c Config) check() (p parsed, err error) {
	var errs []error
	for name, value := range map[string]string{
		"DATABASE_URL": c.DatabaseURL, "S3_ENDPOINT": c.S3Endpoint, "S3_ACCESS_KEY": c.S3AccessKey, "S3_SECRET_KEY": c.S3SecretKey, "SMTP_URL": c.SMTPURL,
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	var e error
	if p.base, e = web.ParseBase(c.BaseURL); e != nil {
		errs = append(errs, e)
	}
	if p.proxies, e = web.ParseProxies(c.TrustedProxies); e != nil {
		errs = append(errs, fmt.Errorf("WELFAREX_TRUSTED_PROXIES: %w", e))
	}
	if p.key, e = tenants.ParseKey(c.Key); e != nil {
		errs = append(errs, e)
	}
	if len(errs) > 0 {
		if file := filepath.Join(c.Data, "demo.env"); exists(file) {
			errs = append(errs, fmt.Errorf("the demo's settings are in %s: add --env-file %s", file, file))
		}
	}
	return p, errors.Join(errs...)
}

func exists(file string) bool { _, err := os.Stat(file); return err == nil }

// env lists the settings as NAME=value lines, for demo.env and (masked) for `welfarex config`.
func (c Config) env(masked bool) string {
	hide := func(s string) string {
		if masked && s != "" {
			return "••••••"
		}
		return s
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"WELFAREX_ADDR", c.Addr}, {"WELFAREX_DATA", c.Data}, {"WELFAREX_BASE_URL", c.BaseURL},
		{"DATABASE_URL", hide(c.DatabaseURL)}, {"DATABASE_OWNER_URL", hide(c.DatabaseOwnerURL)},
		{"S3_ENDPOINT", c.S3Endpoint}, {"S3_BUCKET", c.S3Bucket}, {"S3_ACCESS_KEY", hide(c.S3AccessKey)}, {"S3_SECRET_KEY", hide(c.S3SecretKey)},
		{"SMTP_URL", hide(c.SMTPURL)}, {"STRIPE_URL", c.StripeURL}, {"WELFAREX_KEY", hide(c.Key)}, {"WELFAREX_CHROMIUM", c.Chromium}, {"WELFAREX_TRUSTED_PROXIES", c.TrustedProxies},
		{"WELFAREX_LOG", c.LogLevel}, {"WELFAREX_CONNECTIONS", strconv.Itoa(c.Connections)},
		{"WELFAREX_API_RATE", strconv.Itoa(c.APIRate)},
	} {
		fmt.Fprintf(&b, "%s='%s'\n", line[0], line[1])
	}
	return b.String()
}

// readEnvFile reads lines of NAME='value'.
func readEnvFile(file string) (map[string]string, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			values[name] = strings.Trim(value, "'")
		}
	}
	return values, nil
}

// loadEnvFile puts the settings of a file into the environment; what is set already stays.
func loadEnvFile(file string) error {
	values, err := readEnvFile(file)
	if err != nil {
		return err
	}
	for name, value := range values {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
