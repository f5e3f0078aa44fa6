package payments

// Owed selects the ids of the parts whose money waits for somebody to give it back: the last refund failed, or is to be handed over at the desk.
const Owed = `SELECT y.part_id FROM refunds r JOIN payments y ON y.id = r.payment_id WHERE (r.state = 'failed' OR r.state = 'asked' AND y.rail = 'desk')
	AND NOT EXISTS (SELECT FROM refunds n WHERE n.payment_id = r.payment_id AND (n.asked_at, n.id) > (r.asked_at, r.id))`
