"""Runs last: whatever the document promises has been seen by the tests before."""


def test_every_operation_was_exercised_with_success(stack, coverage):
    missed = coverage.operations(stack.document.raw) - coverage.exercised
    assert not missed, sorted(missed)


def test_every_error_code_was_seen(stack, coverage):
    codes = coverage.error_codes(stack.document.raw)
    assert codes and not codes - coverage.codes_seen, sorted(codes - coverage.codes_seen)


def test_no_code_was_seen_that_the_document_does_not_name(stack, coverage):
    assert coverage.codes_seen <= coverage.error_codes(stack.document.raw)
