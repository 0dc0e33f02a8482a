#include "base/money.h"

#include "base/fault.h"

/*
 * ISO 4217, list one: the codes of each number of decimals. Codes without a minor unit (gold, the testing
 * code and their like) are no money here. ANG and BGN, withdrawn in 2025 and 2026, stay for prices that are
 * stored.
 */
static const struct {
    int exponent;
    const char *codes; /* three letters and a space each */
} groups[] = {
    { 2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
         "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
         "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL "
         "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK "
         "PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
         "TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG " },
    { 0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF " },
    { 3, "BHD IQD JOD KWD LYD OMR TND " },
    { 4, "CLF UYW " },
};

int money_exponent(const char *currency)
{
    if (!currency || strlen(currency) != 3)
        return -1;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        for (const char *code = groups[i].codes; *code; code += 4)
            if (memcmp(code, currency, 3) == 0)
                return groups[i].exponent;
    }
    return -1;
}

static int64_t minor_per_major(int exponent)
{
    int64_t power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

/*
 * A double stands for the amount that it is nearest to. Both `read` and the power are exact, and IEEE
 * division rounds correctly, so dividing back gives the very same double exactly when no finer digit was
 * there.
 */
bool money_from_major(int64_t *minor, double major, const char *currency)
{
    int exponent = money_exponent(currency);
    double per_major, scaled;
    int64_t read;

    if (exponent < 0)
        return false;
    per_major = (double)minor_per_major(exponent);
    scaled = major * per_major;
    if (!(scaled >= 0 && scaled < (double)MONEY_MAX + 0.5)) /* written so that NaN is refused too */
        return false;
    read = (int64_t)(scaled + 0.5);
    if ((double)read / per_major != major)
        return false;
    *minor = read;
    return true;
}

double money_to_major(int64_t minor, const char *currency)
{
    int exponent = money_exponent(currency);

    if (exponent < 0)
        fault_raise(FAULT_BROKEN, "no currency of ISO 4217 currency=%s", currency ? currency : "");
    return (double)minor / (double)minor_per_major(exponent);
}
