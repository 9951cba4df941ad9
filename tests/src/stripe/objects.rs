//! Objects in today's shapes. Each is whole as far as anybody reads it, with some of the fields nobody reads.

use serde_json::{Value, json};

/// A product.
pub fn product(id: &str, name: &str) -> Value {
    json!({
        "id": id, "object": "product", "active": true, "created": 1_700_000_000, "default_price": null,
        "description": null, "images": [], "livemode": false, "marketing_features": [], "metadata": {}, "name": name,
        "tax_code": null, "type": "service", "unit_label": null, "updated": 1_700_000_000, "url": null,
    })
}

/// A price, billed each `interval`.
pub fn price(id: &str, product: &str, currency: &str, amount: i64, interval: &str) -> Value {
    json!({
        "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": 1_700_000_000,
        "currency": currency, "custom_unit_amount": null, "livemode": false, "lookup_key": null, "metadata": {},
        "nickname": null, "product": product, "tax_behavior": "unspecified", "tiers_mode": null,
        "recurring": { "interval": interval, "interval_count": 1, "meter": null, "trial_period_days": null,
                       "usage_type": "licensed" },
        "transform_quantity": null, "type": "recurring", "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(),
    })
}

/// What a discount takes off: a percentage, for ever.
pub fn coupon(id: &str, percent: f64) -> Value {
    json!({
        "id": id, "object": "coupon", "amount_off": null, "created": 1_700_000_000, "currency": null,
        "duration": "forever", "duration_in_months": null, "livemode": false, "max_redemptions": null,
        "metadata": {}, "name": null, "percent_off": percent, "redeem_by": null, "times_redeemed": 0, "valid": true,
    })
}

/// A discount by a coupon.
pub fn discount(id: &str, coupon: &str) -> Value {
    json!({
        "id": id, "object": "discount", "checkout_session": null, "customer": null, "end": null, "invoice": null,
        "invoice_item": null, "promotion_code": null, "source": { "coupon": coupon, "type": "coupon" },
        "start": 1_700_000_000, "subscription": null, "subscription_item": null,
    })
}

/// A customer.
pub fn customer(id: &str, email: &str) -> Value {
    json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": 1_700_000_000, "currency": null,
        "default_source": null, "delinquent": false, "description": null, "discount": null, "email": email,
        "invoice_prefix": "ABC", "livemode": false, "metadata": {}, "name": null, "phone": null, "shipping": null,
        "tax_exempt": "none", "test_clock": null,
    })
}

/// A line of a subscription; the period is the line's.
pub fn item(id: &str, price: Value, quantity: u64, period: (i64, i64)) -> Value {
    json!({
        "id": id, "object": "subscription_item", "billing_thresholds": null, "created": 1_700_000_000,
        "current_period_start": period.0, "current_period_end": period.1, "discounts": [], "metadata": {},
        "price": price, "quantity": quantity, "tax_rates": [],
    })
}

/// A subscription.
pub fn subscription(id: &str, customer: &str, status: &str, currency: &str, items: Vec<Value>) -> Value {
    json!({
        "id": id, "object": "subscription", "application": null, "automatic_tax": { "enabled": false },
        "billing_cycle_anchor": 1_700_000_000, "billing_mode": { "type": "flexible" }, "cancel_at": null,
        "cancel_at_period_end": false, "canceled_at": null, "collection_method": "charge_automatically",
        "created": 1_700_000_000, "currency": currency, "customer": customer, "default_payment_method": null,
        "discounts": [], "ended_at": null,
        "items": { "object": "list", "data": items, "has_more": false,
                   "url": format!("/v1/subscription_items?subscription={id}") },
        "latest_invoice": null, "livemode": false, "metadata": {}, "pause_collection": null, "schedule": null,
        "start_date": 1_700_000_000, "status": status, "test_clock": null, "trial_end": null, "trial_start": null,
    })
}

/// An invoice for a subscription.
pub fn invoice(
    id: &str,
    customer: &str,
    subscription: &str,
    currency: &str,
    total: i64,
    created: i64,
) -> Value {
    json!({
        "id": id, "object": "invoice", "amount_due": total, "amount_overpaid": 0, "amount_paid": total,
        "amount_remaining": 0, "attempt_count": 1, "attempted": true, "auto_advance": false,
        "billing_reason": "subscription_cycle", "collection_method": "charge_automatically", "created": created,
        "currency": currency, "customer": customer, "customer_email": null, "default_tax_rates": [], "discounts": [],
        "due_date": null, "hosted_invoice_url": null, "lines": { "object": "list", "data": [], "has_more": false },
        "livemode": false, "metadata": {}, "next_payment_attempt": null, "number": format!("INV-{id}"),
        "parent": { "type": "subscription_details", "quote_details": null,
                    "subscription_details": { "metadata": {}, "subscription": subscription } },
        "period_end": created, "period_start": created, "status": "paid",
        "status_transitions": { "finalized_at": created, "marked_uncollectible_at": null, "paid_at": created,
                                "voided_at": null },
        "subtotal": total, "total": total, "total_taxes": [],
    })
}

/// Which payment was for which invoice.
pub fn invoice_payment(id: &str, invoice: &str, intent: &str, currency: &str, amount: i64) -> Value {
    json!({
        "id": id, "object": "invoice_payment", "amount_paid": amount, "amount_requested": amount,
        "created": 1_700_000_000, "currency": currency, "invoice": invoice, "is_default": true, "livemode": false,
        "payment": { "type": "payment_intent", "payment_intent": intent }, "status": "paid",
        "status_transitions": { "canceled_at": null, "paid_at": 1_700_000_000 },
    })
}

/// An attempt to take money that succeeded.
pub fn charge(id: &str, customer: &str, intent: &str, currency: &str, amount: i64, created: i64) -> Value {
    json!({
        "id": id, "object": "charge", "amount": amount, "amount_captured": amount, "amount_refunded": 0,
        "balance_transaction": null, "billing_details": {}, "captured": true, "created": created,
        "currency": currency, "customer": customer, "disputed": false, "failure_code": null,
        "failure_message": null, "livemode": false, "metadata": {}, "outcome": null, "paid": true,
        "payment_intent": intent, "payment_method": "pm_1",
        "payment_method_details": { "type": "card", "card": { "brand": "visa", "last4": "4242" } },
        "refunded": false, "status": "succeeded",
    })
}

/// The same attempt, refused by the bank.
pub fn refused_charge(mut charge: Value) -> Value {
    charge["status"] = json!("failed");
    charge["paid"] = json!(false);
    charge["captured"] = json!(false);
    charge["failure_code"] = json!("card_declined");
    charge["failure_message"] = json!("Your card has insufficient funds.");
    charge
}

/// Money given back.
pub fn refund(id: &str, charge: &str, currency: &str, amount: i64, created: i64) -> Value {
    json!({
        "id": id, "object": "refund", "amount": amount, "balance_transaction": null, "charge": charge,
        "created": created, "currency": currency, "destination_details": { "type": "card", "card": {} },
        "metadata": {}, "payment_intent": null, "reason": "requested_by_customer", "receipt_number": null,
        "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    })
}
