-- A refund that failed is asked for again as another one; at no time is there more than one that may still arrive or has.
ALTER TABLE refunds DROP CONSTRAINT refunds_tenant_id_payment_id_key;
CREATE UNIQUE INDEX refunds_once ON refunds (tenant_id, payment_id) WHERE state <> 'failed';
CREATE INDEX ON refunds (tenant_id, payment_id, asked_at);
