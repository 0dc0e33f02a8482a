/*
 * Signature vectors of the webhook formats. The texts were made with Node's JSON.stringify and crypto.
 */
#ifndef TESTS_WEBHOOK_VECTORS_H
#define TESTS_WEBHOOK_VECTORS_H

/* clang-format off */
static const struct {
    const char *raw_key, *key_hash, *event, *timestamp, *json, *signature;
} therapy_vectors[] = {
    { "sk_live_example000000000000000000000000000", "0c5ba7286c153efe52b1315e4e6d68287e6493a153dc568d581339470da1e14b", "booking.created", "2024-01-15T10:30:00.000Z",
      "{\"bookingId\":\"bk_01\",\"client\":{\"name\":\"Zo\303\253 \\\"Z\\\" O'Neil / S\303\266hne\",\"email\":\"zoe@example.com\"},\"amount\":75,\"note\":\"line1\\nline2\\u0007\342\200\250 \342\202\254\",\"currency\":\"USD\",\"tags\":[]}",
      "a355bd29f4d464907e57c325c27a235c84943d0f83a78ca657aed2f9370f79bf" },
    { "sk_live_example000000000000000000000000000", "0c5ba7286c153efe52b1315e4e6d68287e6493a153dc568d581339470da1e14b", "booking.created", "2024-01-15T10:30:00.000Z",
      "{\"amount\":75.5,\"ratio\":0.1,\"big\":1234567890123,\"small\":0.000001,\"neg\":-3,\"path\":\"a/b\\\\c\",\"tab\":\"\\t\\b\\f\\u001f\177\",\"emoji\":\"\360\237\222\210\",\"nul\":null,\"t\":true,\"nested\":{\"a\":[1,{\"b\":[]}]}}",
      "3352852c7eb45b8e35b879c6ff9dcc92125576d34fc15410ff11680fa56c8456" },
};

static const struct {
    const char *secret, *json, *signature;
} pushpress_vectors[] = {
    { "ppsec_example",
      "{\"bookingId\":\"bk_01\",\"client\":{\"name\":\"Zo\303\253 \\\"Z\\\" O'Neil / S\303\266hne\",\"email\":\"zoe@example.com\"},\"amount\":75,\"note\":\"line1\\nline2\\u0007\342\200\250 \342\202\254\",\"currency\":\"USD\",\"tags\":[]}",
      "13de15ad406ae22b665e53a218ca935596af08dcc72b535451e4bcc649d26dfa" },
    { "ppsec_example",
      "{\"amount\":75.5,\"ratio\":0.1,\"big\":1234567890123,\"small\":0.000001,\"neg\":-3,\"path\":\"a/b\\\\c\",\"tab\":\"\\t\\b\\f\\u001f\177\",\"emoji\":\"\360\237\222\210\",\"nul\":null,\"t\":true,\"nested\":{\"a\":[1,{\"b\":[]}]}}",
      "876329c616f970e1386c19385a6cc2ef9499197ac953878734fd0a0f322caa5e" },
};

static const struct {
    const char *secret, *body, *signature;
} bookme_vectors[] = {
    { "bookme-secret",
      "{\"event\":\"booking.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"bookingId\":\"bk_01\",\"client\":{\"name\":\"Zo\303\253 \\\"Z\\\" O'Neil / S\303\266hne\",\"email\":\"zoe@example.com\"},\"amount\":75,\"note\":\"line1\\nline2\\u0007\342\200\250 \342\202\254\",\"currency\":\"USD\",\"tags\":[]}}",
      "sha256=1294a2831b5adf80e780bb9bd99f94ae5e407b6069d02452a0d49e0d8326700e" },
    { "bookme-secret",
      "{\"event\":\"booking.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"amount\":75.5,\"ratio\":0.1,\"big\":1234567890123,\"small\":0.000001,\"neg\":-3,\"path\":\"a/b\\\\c\",\"tab\":\"\\t\\b\\f\\u001f\177\",\"emoji\":\"\360\237\222\210\",\"nul\":null,\"t\":true,\"nested\":{\"a\":[1,{\"b\":[]}]}}}",
      "sha256=59ce420aa687d36b6bc5044e9f24a9db7b7f273a8414fe1f0b989adc708d262b" },
}, sha256_vectors[] = {
    { "It's a Secret to Everybody", "Hello, World!",
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
};

static const struct {
    const char *secret, *id, *timestamp, *body, *signature;
} standard_vectors[] = {
    { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}",
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
};
/* clang-format on */

#endif
