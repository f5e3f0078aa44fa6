package tenants

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// ErrNoCity means that something reached for data without saying whose. There is no default city.
var ErrNoCity = errors.New("no city in this context")

// ErrOtherCity means that a use case running for one city called into another.
var ErrOtherCity = errors.New("a transaction of one city cannot serve another")

type cityKey struct{}

// With returns a context that works for city.
func With(ctx context.Context, city *City) context.Context {
	return context.WithValue(ctx, cityKey{}, city)
}

// From gives the city that ctx works for, or ErrNoCity.
func From(ctx context.Context) (*City, error) {
	if city, ok := ctx.Value(cityKey{}).(*City); ok && city != nil && city.ID != uuid.Nil {
		return city, nil
	}
	return nil, ErrNoCity
}
