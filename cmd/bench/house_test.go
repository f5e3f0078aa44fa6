package main

import (
	"testing"

	"github.com/welfarex/welfarex/tenants"
)

func TestTheTemplateThatEveryComuneIsOpenedFromIsRight(t *testing.T) {
	t.Parallel()
	if _, err := tenants.ReadTemplate(tenants.House(), parts()); err != nil {
		t.Error(err)
	}
}
