// IntrusiveList: a doubly linked list whose links live in its members. No allocation, O(1) removal.
//
// Law: a Link is in at most one list, and its owner outlives its membership.
#pragma once

#include "core/base/check.h"

namespace jumpgate {

struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    bool linked() const { return next != nullptr; }
    void unlink() {
        if (!linked()) return;
        previous->next = next;
        next->previous = previous;
        previous = next = nullptr;
    }
};

// T derives from Link (publicly), possibly through a tag type where it sits in several lists.
template <class T, class Hook = Link>
class IntrusiveList {
  public:
    IntrusiveList() { head_.previous = head_.next = &head_; }
    ~IntrusiveList() { head_.previous = head_.next = nullptr; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    bool empty() const { return head_.next == &head_; }
    T* front() { return empty() ? nullptr : owner(head_.next); }
    void push_back(T& item) {
        Hook& link = item;
        CHECK(!link.linked());
        link.previous = head_.previous;
        link.next = &head_;
        head_.previous->next = &link;
        head_.previous = &link;
    }
    // The item behind `item`, or nullptr at the end; for walks that remove nothing.
    T* after(T& item) {
        Link* next = static_cast<Hook&>(item).next;
        return next == &head_ ? nullptr : owner(next);
    }
    T* pop_front() {
        if (empty()) return nullptr;
        T* item = owner(head_.next);
        static_cast<Hook&>(*item).unlink();
        return item;
    }

  private:
    static T* owner(Link* link) { return static_cast<T*>(static_cast<Hook*>(link)); }
    Link head_;
};

}  // namespace jumpgate
