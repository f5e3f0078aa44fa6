package ledger

import "github.com/welfarex/welfarex/modules/kit/web"

func (s *Service) Routes() []web.Route { return nil }
