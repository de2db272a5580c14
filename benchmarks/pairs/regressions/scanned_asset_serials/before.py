"""Serial numbers scanned during an inventory round, each device once."""


def scanned_devices(scans, retired=()):
    retired = {serial.strip().upper() for serial in retired}
    seen = set()
    devices = []
    for room, serial in scans:
        serial = serial.strip()
        key = serial.upper()
        if not key or key in seen or key in retired:
            continue
        seen.add(key)
        devices.append((serial, room))
    return devices
