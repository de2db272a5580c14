"""Counts how many text message segments a campaign will be billed for."""

GSM_EXTRA = set("^{}\\[~]|€")


def count_segments(text, signature=None):
    if signature:
        text = text + "\n" + signature
    if text.isascii() or all(ch.isascii() or ch in GSM_EXTRA for ch in text):
        # extension characters take two septets
        length = sum(2 if ch in GSM_EXTRA else 1 for ch in text)
        single, multi = 160, 153
    else:
        length = len(text.encode("utf-16-le")) // 2
        single, multi = 70, 67
    if length <= single:
        return 1
    return -(-length // multi)


def campaign_cost(text, recipients, cents_per_segment=7, signature=None):
    segments = count_segments(text, signature)
    return {
        "segments": segments,
        "recipients": len(recipients),
        "cents": segments * len(recipients) * cents_per_segment,
    }
