package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func TestLog_WhatChangesAndWhatIsRefusedIsWorthALine(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		method string
		status int
		want   slog.Level
	}{
		{"GET", 200, slog.LevelDebug}, {"HEAD", 200, slog.LevelDebug}, {"GET", 304, slog.LevelDebug}, {"GET", 404, slog.LevelInfo},
		{"GET", 500, slog.LevelInfo}, {"POST", 303, slog.LevelInfo}, {"POST", 403, slog.LevelInfo}, {"DELETE", 200, slog.LevelInfo},
	} {
		var got slog.Level
		app := fiber.New()
		app.All("/", func(c *fiber.Ctx) error {
			c.Status(x.status)
			got = worth(c)
			return nil
		})
		res, err := app.Test(httptest.NewRequest(x.method, "/", http.NoBody))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got != x.want {
			t.Errorf("%s %d is %s, want %s", x.method, x.status, got, x.want)
		}
	}
}
