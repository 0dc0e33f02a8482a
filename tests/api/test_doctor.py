"""What `slotwire doctor` says of mails, figures and whoever starts the dispatcher."""

import pytest


@pytest.mark.parametrize("environment, word", [
    ({}, "smtp_url is not set"),
    ({"SLOTWIRE_SMTP_URL": "http://x"}, "smtp://"),
    ({"SLOTWIRE_SMTP_URL": "smtp://u:p4ss@x"}, "smtp_user"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x"}, "mail_from is not set"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x", "SLOTWIRE_MAIL_FROM": "Me <me@example.org>"}, "bare"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x", "SLOTWIRE_MAIL_FROM": "me@example.org", "SLOTWIRE_SMTP_TLS": "none"}, "unencrypted"),
    ({"SLOTWIRE_SMTP_CA_FILE": "/nowhere"}, "smtp_ca_file"),
    ({"SLOTWIRE_OPERATOR_EMAIL": "me"}, "operator_email is no address"),
])
def test_doctor_knows_the_settings_of_mail(stack, environment, word):
    printed = stack.slotwire("doctor", status=None, environment=environment).stdout
    assert word in printed and "p4ss" not in printed


def test_doctor_looks_at_the_file(stack, tmp_path):
    def doctor(path):
        return stack.slotwire("doctor", status=None, environment={"SLOTWIRE_METRICS_FILE": str(path)}).stdout

    assert "counts its requests for itself" in doctor("")
    (tmp_path / "bad").write_text("bad")
    assert "is damaged" in doctor(tmp_path / "bad")
    assert "count together" in doctor(tmp_path / "good")
