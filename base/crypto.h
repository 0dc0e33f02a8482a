/*
 * crypto: hashes, signatures, randomness and encodings, over OpenSSL (libcrypto) and nothing of our own.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

void crypto_random(void *out, size_t length); /* ends the process if the system has no randomness */
void crypto_sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE]);
void crypto_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                        uint8_t out[SHA256_SIZE]);
/* Constant time in the contents; differing lengths are false at once. */
bool crypto_equal(const void *left, size_t left_length, const void *right, size_t right_length);

char *crypto_hex(struct pool *pool, const void *data, size_t length);       /* lower case */
char *crypto_base64(struct pool *pool, const void *data, size_t length);    /* RFC 4648 §4, padded */
char *crypto_base64url(struct pool *pool, const void *data, size_t length); /* RFC 4648 §5, no padding */
/* Strict RFC 4648 §4 with padding; NULL when malformed. The bytes are in the pool. */
uint8_t *crypto_base64_decode(struct pool *pool, const char *text, size_t length, size_t *out_length);

/*
 * Seals bytes so that only the holder of the key reads them, and nobody changes them (AES-256-GCM, NIST SP
 * 800-38D): a random 12-byte nonce, the ciphertext, a 16-byte tag. Opening gives NULL where key or bytes are
 * not the sealed ones.
 */
uint8_t *crypto_seal(struct pool *pool, const uint8_t key[SHA256_SIZE], const void *data, size_t length,
                     size_t *out_length);
char *crypto_open(struct pool *pool, const uint8_t key[SHA256_SIZE], const void *data, size_t length,
                  size_t *out_length);

/*
 * An API key: `sk_live_` + 32 characters of base62 (190 bits) + the 6-character base62 CRC-32 (ISO-HDLC, as
 * zlib's) of everything before it. The checksum tells a mistyped key before any SQL runs.
 */
enum { API_KEY_LENGTH = 8 + 32 + 6 };
char *crypto_api_key(struct pool *pool);
bool crypto_api_key_is_plausible(const char *key, size_t length);

/* `whsec_` + base64 of 32 random bytes. */
char *crypto_webhook_secret(struct pool *pool);

/*
 * Passwords by scrypt (RFC 7914), as `scrypt$15$8$3$<salt>$<hash>`: log2 of N, r, p, and base64. New ones
 * have N 2^15, r 8 and as p the setting password_rounds; 3 is the least that OWASP holds to be enough with
 * these.
 */
char *crypto_password_hash(struct pool *pool, const char *password);
/*
 * `hash` NULL, or of another form: false. To refuse costs what a present hash costs, whether there is a hash
 * or one of less cost, so that nobody learns from the time which it was. A hash that asks for more than 64
 * MiB or 16 rounds is none.
 */
bool crypto_password_matches(struct pool *pool, const char *password, const char *hash);
/* Whether a new hash of the same password would have another cost. */
bool crypto_password_is_stale(const char *hash);

#endif
