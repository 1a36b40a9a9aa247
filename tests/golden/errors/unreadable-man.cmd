skiff __man version /nosuch.md
