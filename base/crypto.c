#include "base/crypto.h"

#include "base/config.h"
#include "base/log.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <zlib.h>

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char key_prefix[] = "sk_live_";
enum { KEY_BODY = 8 + 32, KEY_CHECK = 6, SECRET_BYTES = 32 };

/* The library failed where only a broken installation can make it fail; going on would be unsafe. */
static _Noreturn void give_up(const char *what)
{
    log_error("crypto: %s failed", what);
    abort();
}

void crypto_random(void *out, size_t length)
{
    if (length > INT_MAX || RAND_bytes(out, (int)length) != 1)
        give_up("the random number generator");
}

void crypto_sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE])
{
    if (EVP_Digest(data, length, out, NULL, EVP_sha256(), NULL) != 1)
        give_up("SHA-256");
}

void crypto_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                        uint8_t out[SHA256_SIZE])
{
    if (key_length > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_length, data, length, out, NULL))
        give_up("HMAC-SHA-256");
}

bool crypto_equal(const void *left, size_t left_length, const void *right, size_t right_length)
{
    return left_length == right_length && CRYPTO_memcmp(left, right, left_length) == 0;
}

/* ---- sealing ---- */

enum { NONCE_SIZE = 12, TAG_SIZE = 16 };

uint8_t *crypto_seal(struct pool *pool, const uint8_t key[SHA256_SIZE], const void *data, size_t length,
                     size_t *out_length)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *out = pool_alloc(pool, NONCE_SIZE + length + TAG_SIZE);
    int used = 0, rest = 0;

    crypto_random(out, NONCE_SIZE);
    if (!context || length > INT_MAX ||
        EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, out, NULL) != 1 ||
        EVP_EncryptUpdate(context, out + NONCE_SIZE, &used, data, (int)length) != 1 ||
        EVP_EncryptFinal_ex(context, out + NONCE_SIZE + used, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + NONCE_SIZE + length) != 1)
        give_up("AES-256-GCM");
    EVP_CIPHER_CTX_free(context);
    *out_length = NONCE_SIZE + length + TAG_SIZE;
    return out;
}

char *crypto_open(struct pool *pool, const uint8_t key[SHA256_SIZE], const void *data, size_t length,
                  size_t *out_length)
{
    const uint8_t *bytes = data;
    size_t inner = length - NONCE_SIZE - TAG_SIZE;
    EVP_CIPHER_CTX *context;
    char *out;
    int used = 0, rest = 0;
    bool good;

    if (!data || length < NONCE_SIZE + TAG_SIZE || length > INT_MAX)
        return NULL;
    context = EVP_CIPHER_CTX_new();
    out = pool_alloc(pool, inner + 1);
    if (!context || EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, bytes, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
                            (uint8_t *)(uintptr_t)bytes + length - TAG_SIZE) != 1)
        give_up("AES-256-GCM");
    good = EVP_DecryptUpdate(context, (uint8_t *)out, &used, bytes + NONCE_SIZE, (int)inner) == 1 &&
           EVP_DecryptFinal_ex(context, (uint8_t *)out + used, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    *out_length = inner;
    return good ? out : NULL;
}

/* ---- encodings ---- */

char *crypto_hex(struct pool *pool, const void *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    char *text = pool_array(pool, length + 1, 2);

    for (size_t at = 0; at < length; at++) {
        text[2 * at] = digits[bytes[at] >> 4];
        text[2 * at + 1] = digits[bytes[at] & 15];
    }
    return text;
}

char *crypto_base64(struct pool *pool, const void *data, size_t length)
{
    char *text = pool_array(pool, length / 3 + 2, 4);

    if (length > INT_MAX / 2)
        give_up("base64");
    EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    return text;
}

char *crypto_base64url(struct pool *pool, const void *data, size_t length)
{
    char *text = crypto_base64(pool, data, length);

    for (char *at = text; *at; at++)
        if (*at == '+')
            *at = '-';
        else if (*at == '/')
            *at = '_';
        else if (*at == '=')
            *at = '\0';
    return text;
}

static int base64_value(char character)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = character ? strchr(alphabet, character) : NULL;

    return found ? (int)(found - alphabet) : -1;
}

/* OpenSSL's decoder takes white space and stray bits; this one takes only what crypto_base64 writes. */
static bool base64_is_strict(const char *text, size_t length, size_t padding)
{
    if (length % 4 != 0 || length > INT_MAX)
        return false;
    for (size_t at = 0; at < length - padding; at++)
        if (base64_value(text[at]) < 0)
            return false;
    if (padding == 1)
        return (base64_value(text[length - 2]) & 3) == 0;
    return padding == 0 || (base64_value(text[length - 3]) & 15) == 0;
}

uint8_t *crypto_base64_decode(struct pool *pool, const char *text, size_t length, size_t *out_length)
{
    size_t padding = 0;
    uint8_t *bytes;

    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (!base64_is_strict(text, length, padding))
        return NULL;
    bytes = pool_alloc(pool, length / 4 * 3 + 1);
    if (length > 0 && EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length) < 0)
        return NULL;
    *out_length = length / 4 * 3 - padding;
    return bytes;
}

/* ---- keys and secrets ---- */

/* The CRC-32 of a key's first 40 characters, in 6 digits of base62. */
static void key_check(const char *key, char out[KEY_CHECK])
{
    unsigned long sum = crc32(0, (const Bytef *)key, KEY_BODY);

    for (int at = KEY_CHECK - 1; at >= 0; at--) {
        out[at] = base62[sum % 62];
        sum /= 62;
    }
}

/* One character of base62, each as likely as the others: bytes past the last full 62 are thrown away. */
static char random_base62(void)
{
    uint8_t byte;

    do
        crypto_random(&byte, sizeof byte);
    while (byte >= 4 * 62);
    return base62[byte % 62];
}

char *crypto_api_key(struct pool *pool)
{
    char *key = pool_alloc(pool, API_KEY_LENGTH + 1);
    size_t at = sizeof key_prefix - 1;

    memcpy(key, key_prefix, at);
    while (at < KEY_BODY)
        key[at++] = random_base62();
    key_check(key, key + KEY_BODY);
    return key;
}

bool crypto_api_key_is_plausible(const char *key, size_t length)
{
    char check[KEY_CHECK];

    if (length != API_KEY_LENGTH || memcmp(key, key_prefix, sizeof key_prefix - 1) != 0)
        return false;
    for (size_t at = sizeof key_prefix - 1; at < length; at++)
        if (!key[at] || !strchr(base62, key[at]))
            return false;
    key_check(key, check);
    return memcmp(check, key + KEY_BODY, KEY_CHECK) == 0;
}

char *crypto_webhook_secret(struct pool *pool)
{
    uint8_t bytes[SECRET_BYTES];

    crypto_random(bytes, sizeof bytes);
    return pool_printf(pool, "whsec_%s", crypto_base64(pool, bytes, sizeof bytes));
}

/* ---- passwords ---- */

enum { SALT_SIZE = 16, HASH_SIZE = 32, COST_LOG = 15, COST_R = 8 };
enum { LOG_LEAST = 14, LOG_MOST = 16, R_LEAST = 8, R_MOST = 32, ROUNDS_MOST = 16 };
#define MEMORY_MOST ((uint64_t)64 << 20)

struct cost {
    int log, r, p; /* N is 2^log */
};

struct stored {
    struct cost cost;
    uint8_t *salt, *hash;
    size_t salt_length;
};

/* The one that new hashes have. */
static struct cost present_cost(void)
{
    return (struct cost){ COST_LOG, COST_R, (int)config_int(CONFIG_PASSWORD_ROUNDS) };
}

static uint64_t memory_of(struct cost cost)
{
    return (uint64_t)128 * (uint64_t)cost.r << cost.log;
}

static void scrypt(struct cost cost, const char *password, const uint8_t *salt, size_t salt_length,
                   uint8_t out[HASH_SIZE])
{
    const uint64_t beside = (uint64_t)1 << 20; /* OpenSSL counts its smaller blocks too */

    if (EVP_PBE_scrypt(password, strlen(password), salt, salt_length, (uint64_t)1 << cost.log,
                       (uint64_t)cost.r, (uint64_t)cost.p, memory_of(cost) + beside, out, HASH_SIZE) != 1)
        give_up("scrypt");
}

char *crypto_password_hash(struct pool *pool, const char *password)
{
    struct cost cost = present_cost();
    uint8_t salt[SALT_SIZE], hash[HASH_SIZE];

    crypto_random(salt, sizeof salt);
    scrypt(cost, password, salt, sizeof salt, hash);
    return pool_printf(pool, "scrypt$%d$%d$%d$%s$%s", cost.log, cost.r, cost.p,
                       crypto_base64(pool, salt, sizeof salt), crypto_base64(pool, hash, sizeof hash));
}

/* Reads a number and the `$` behind it; false where it is anything else than a plain number in the bounds. */
static bool read_number(const char **at, int least, int most, int *number)
{
    const char *digits = *at;

    *number = 0;
    for (; **at >= '0' && **at <= '9' && *number <= most; (*at)++)
        *number = *number * 10 + (**at - '0');
    if (*digits == '0' || *number < least || *number > most || **at != '$')
        return false;
    (*at)++;
    return true;
}

/* The bounds are there so that a hash from nobody knows where costs no worker its memory or a minute. */
static bool read_cost(const char **at, struct cost *cost)
{
    static const char name[] = "scrypt$";

    if (strncmp(*at, name, sizeof name - 1) != 0)
        return false;
    *at += sizeof name - 1;
    return read_number(at, LOG_LEAST, LOG_MOST, &cost->log) && read_number(at, R_LEAST, R_MOST, &cost->r) &&
           read_number(at, 1, ROUNDS_MOST, &cost->p) && memory_of(*cost) <= MEMORY_MOST;
}

static bool read_stored(struct pool *pool, const char *text, struct stored *stored)
{
    size_t salt_text, hash_length;

    if (!read_cost(&text, &stored->cost))
        return false;
    salt_text = strcspn(text, "$");
    if (!text[salt_text])
        return false;
    stored->salt = crypto_base64_decode(pool, text, salt_text, &stored->salt_length);
    text += salt_text + 1;
    stored->hash = crypto_base64_decode(pool, text, strlen(text), &hash_length);
    return stored->salt && stored->hash && hash_length == HASH_SIZE;
}

/* Works for nothing, for as long as the present cost asks for more than was spent. */
static void spend_the_rest(const char *password, struct cost spent)
{
    static const uint8_t salt[SALT_SIZE];
    struct cost cost = present_cost();
    uint8_t out[HASH_SIZE];

    cost.p -= (int)(memory_of(spent) * (uint64_t)spent.p / memory_of(cost));
    if (cost.p > 0)
        scrypt(cost, password, salt, sizeof salt, out);
}

bool crypto_password_matches(struct pool *pool, const char *password, const char *hash)
{
    struct stored stored = { .salt = NULL };
    uint8_t got[HASH_SIZE];

    if (!hash || !read_stored(pool, hash, &stored)) {
        spend_the_rest(password, (struct cost){ .p = 0 });
        return false;
    }
    scrypt(stored.cost, password, stored.salt, stored.salt_length, got);
    if (crypto_equal(got, sizeof got, stored.hash, HASH_SIZE))
        return true;
    spend_the_rest(password, stored.cost);
    return false;
}

bool crypto_password_is_stale(const char *hash)
{
    struct cost wanted = present_cost(), cost;

    return !read_cost(&hash, &cost) || cost.log != wanted.log || cost.r != wanted.r || cost.p != wanted.p;
}
