package payments

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// takeNotice answers as gateways expect: 2xx ends the matter, anything else makes them tell it again.
func (s *Service) takeNotice(r *web.Request) error {
	err := s.Take(r.Ctx, r.Header("Stripe-Signature"), r.Body())
	switch {
	case errors.Is(err, ErrSignature), errors.Is(err, ErrNotSet):
		return r.Status(http.StatusBadRequest)
	case err != nil:
		slog.Error("a notice could not be taken", "city", r.City.Slug, "request", tenants.RequestID(r.Ctx), "error", err)
		return r.Status(http.StatusInternalServerError)
	}
	return r.Status(http.StatusNoContent)
}
