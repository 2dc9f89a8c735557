internal import EventModel
