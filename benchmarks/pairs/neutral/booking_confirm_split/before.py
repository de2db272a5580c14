"""Confirms provisional bookings of meeting rooms."""


class BookingDesk:
    def __init__(self, capacity):
        self.capacity = capacity
        self.confirmed = []
        self.refused = 0

    def confirm(self, booking):
        room = booking["room"]
        if room not in self.capacity:
            self.refused += 1
            raise KeyError(room)
        if booking["people"] > self.capacity[room]:
            self.refused += 1
            raise ValueError(f"{room} holds {self.capacity[room]} people, not {booking['people']}")
        if booking["end"] <= booking["start"]:
            self.refused += 1
            raise ValueError("a booking ends after it starts")
        for other in self.confirmed:
            if other["room"] == room and booking["start"] < other["end"] and other["start"] < booking["end"]:
                self.refused += 1
                raise ValueError(f"{room} is taken until {other['end']:%H:%M}")
        booking["state"] = "confirmed"
        booking["number"] = len(self.confirmed) + 1
        self.confirmed.append(booking)
        return booking["number"]
