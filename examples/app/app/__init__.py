"""A small web application in the shape of ohmycoins: a backend on PostgreSQL and Redis, and a frontend."""
