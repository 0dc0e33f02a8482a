"""Questions to the tables whose answer must be no row at all: nothing half-written, nothing lost, nothing twice."""

QUESTIONS = {
    "a living booking without its one claim, as wide as the booking":
        """SELECT b.id FROM bookings b LEFT JOIN claims c ON c.booking_id = b.id AND c.resource_id = b.staff_id
               AND c.starts_at = b.starts_at AND c.ends_at = b.ends_at
           WHERE b.status <> 'cancelled' GROUP BY b.id HAVING COUNT(c.id) <> 1""",
    "a cancelled booking that still holds time":
        "SELECT b.id FROM bookings b JOIN claims c ON c.booking_id = b.id WHERE b.status = 'cancelled'",
    "a claim of no booking":
        "SELECT c.id FROM claims c LEFT JOIN bookings b ON b.id = c.booking_id WHERE b.id IS NULL",
    "two claims that overlap":
        """SELECT a.id FROM claims a JOIN claims b ON a.resource_id = b.resource_id AND a.seat = b.seat AND a.id < b.id
           AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "a booking without its three reminders, due while it lives and void when it is cancelled":
        """SELECT b.id FROM bookings b LEFT JOIN reminders r ON r.booking_id = b.id AND r.starts_at = b.starts_at
               AND r.state = IF(b.status = 'cancelled', 'void', 'due')
           GROUP BY b.id HAVING COUNT(r.kind) <> 3""",
    "a reminder of no booking":
        "SELECT r.booking_id FROM reminders r LEFT JOIN bookings b ON b.id = r.booking_id WHERE b.id IS NULL",
    "an event without a delivery to the endpoint":
        """SELECT e.id FROM events e JOIN webhook_endpoints w ON w.company_id = e.company_id AND e.created_at > w.created_at
           LEFT JOIN deliveries d ON d.event_id = e.id AND d.endpoint_id = w.id
           WHERE e.type LIKE 'booking.%%' AND e.type <> 'booking.reminder' GROUP BY e.id, w.id HAVING COUNT(d.id) <> 1""",
    "a delivery of no event":
        "SELECT d.id FROM deliveries d LEFT JOIN events e ON e.id = d.event_id WHERE e.id IS NULL",
    "a delivery that was settled without a logged success":
        """SELECT d.id FROM deliveries d LEFT JOIN attempts a ON a.delivery_id = d.id AND a.status BETWEEN 200 AND 299
           WHERE d.state = 'delivered' GROUP BY d.id HAVING COUNT(a.id) = 0""",
    "an attempt of no delivery":
        "SELECT a.id FROM attempts a LEFT JOIN deliveries d ON d.id = a.delivery_id WHERE d.id IS NULL",
    "an idempotency key without its answer":
        "SELECT scope FROM idempotency_keys WHERE status IS NULL OR response IS NULL",
    "two bookings with one number":
        "SELECT confirmation_number FROM bookings GROUP BY company_id, confirmation_number HAVING COUNT(*) > 1",
}

EVENTS = """
    SELECT JSON_UNQUOTE(JSON_EXTRACT(payload, '$.id')) AS booking, type, COUNT(*) AS n
    FROM events WHERE company_id = %s AND type LIKE 'booking.%%' GROUP BY booking, type"""


def faults(sql):
    """What is wrong: the question, and how many rows answer it."""
    return {question: len(rows) for question, query in QUESTIONS.items() if (rows := sql.all(query))}
