// ChangeBus
