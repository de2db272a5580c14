"""Serial numbers scanned during an inventory round, each device once."""


def scanned_devices(scans, retired=()):
    retired = {serial.strip().upper() for serial in retired}
    found = {serial.strip().upper(): (serial.strip(), room) for room, serial in scans}
    return [device for key, device in found.items() if key and key not in retired]
