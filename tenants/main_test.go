package tenants_test

import (
	"testing"

	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
