"""Confirms provisional bookings of meeting rooms."""


class BookingDesk:
    def __init__(self, capacity):
        self.capacity = capacity
        self.confirmed = []
        self.refused = 0

    def confirm(self, booking):
        problem = self._problem(booking)
        if problem is not None:
            self.refused += 1
            raise problem
        booking["state"] = "confirmed"
        booking["number"] = len(self.confirmed) + 1
        self.confirmed.append(booking)
        return booking["number"]

    def _problem(self, booking):
        room = booking["room"]
        if room not in self.capacity:
            return KeyError(room)
        if booking["people"] > self.capacity[room]:
            return ValueError(f"{room} holds {self.capacity[room]} people, not {booking['people']}")
        if booking["end"] <= booking["start"]:
            return ValueError("a booking ends after it starts")
        for other in self.confirmed:
            if other["room"] == room and booking["start"] < other["end"] and other["start"] < booking["end"]:
                return ValueError(f"{room} is taken until {other['end']:%H:%M}")
        return None
