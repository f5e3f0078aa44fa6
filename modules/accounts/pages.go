package accounts

import "github.com/welfarex/welfarex/modules/kit/web"

// Routes are this module's pages.
func (s *Service) Routes() []web.Route { return nil }
